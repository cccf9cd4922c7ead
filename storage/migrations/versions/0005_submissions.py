"""What people report: submissions and their timelines, consents, and who guesses codes."""

import sqlalchemy as sa
from alembic import op

from storage.schema import BigId
from storage.sealing import Sealed

revision = "0005_submissions"
down_revision = "0004_staged"


def upgrade() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=True, comment="null: its author wished to be forgotten"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column(
            "unit",
            sa.Integer(),
            nullable=True,
            comment="the code of a unit in content/units.csv; null: not known",
        ),
        sa.Column(
            "office",
            sa.Integer(),
            nullable=True,
            comment="the code of the unit whose turn it is; null: the province",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="a name in content/states.toml"),
        sa.Column("ended", sa.Boolean(), nullable=False, comment="its state is for good"),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False, comment="staff must not learn who it was"),
        sa.Column(
            "progress",
            sa.Boolean(),
            nullable=False,
            comment="the author agreed to be told in the conversation",
        ),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="keyed hash of the tracking code"),
        sa.Column(
            "told",
            Sealed("submissions.told"),
            nullable=True,
            comment="null: its author wished to be forgotten",
        ),
        sa.Column("masked", Sealed("submissions.masked"), nullable=False, comment="what lists show"),
        sa.Column("accept_by", sa.BigInteger(), nullable=False),
        sa.Column("resolve_by", sa.BigInteger(), nullable=False),
        sa.Column("filed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="counts every change, so that nobody writes over another's",
        ),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="submissions_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="submissions_pkey"),
        sa.UniqueConstraint("code_hash", name="submissions_code_hash_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("submissions_lane", "submissions", ["conversation", "id"])
    op.create_index(
        "submissions_ended",
        "submissions",
        ["ended", "changed_at"],
        sqlite_where=sa.text("told IS NOT NULL"),
        postgresql_where=sa.text("told IS NOT NULL"),
    )
    op.create_table(
        "events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("submission", BigId, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("conversation", BigId, nullable=True, comment="the citizen's who did it; null: nobody's"),
        sa.Column("state", sa.Text(), nullable=False, comment="where it stood after it"),
        sa.Column(
            "told",
            Sealed("events.told"),
            nullable=True,
            comment="null: nothing was said, or it was erased",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"], name="events_submission_fkey"),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="events_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="events_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_submission", "events", ["submission", "id"])
    known = sa.text("conversation IS NOT NULL")
    op.create_index("events_lane", "events", ["conversation"], sqlite_where=known, postgresql_where=known)
    op.create_table(
        "consents",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of the text that was shown"),
        sa.Column("given", sa.Boolean(), nullable=False, comment="false: refused or withdrawn"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="consents_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="consents_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("consents_lane", "consents", ["conversation", "purpose", "id"])
    op.create_table(
        "lockouts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=False, comment="a keyed hash of who guesses"),
        sa.Column("slips", sa.Integer(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="lockouts_pkey"),
        sa.UniqueConstraint("who", name="lockouts_who_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("lockouts_last_at", "lockouts", ["last_at"])
    op.add_column(
        "attachments",
        sa.Column(
            "submission", BigId, nullable=True, comment="the submission it belongs to; null: still in a draft"
        ),
    )
    op.drop_index("attachments_unowned", "attachments")
    unowned = sa.text("feedback IS NULL AND submission IS NULL")
    op.create_index(
        "attachments_unowned", "attachments", ["created_at"], sqlite_where=unowned, postgresql_where=unowned
    )
    owned = sa.text("submission IS NOT NULL")
    op.create_index(
        "attachments_submission",
        "attachments",
        ["submission"],
        sqlite_where=owned,
        postgresql_where=owned,
    )
