"""Files that people send, uploads that a provider has, albums, refusals that staff can see."""

import sqlalchemy as sa
from alembic import op

from storage.schema import BigId
from storage.sealing import Sealed

revision = "0002_telegram"
down_revision = "0001_first"


def upgrade() -> None:
    op.add_column(
        "inbox",
        sa.Column(
            "album",
            sa.Text(),
            nullable=True,
            comment="null: stands alone; parts of one album become one turn",
        ),
    )
    op.create_table(
        "attachments",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=False),
        sa.Column(
            "channel", sa.Text(), nullable=False, comment="the conversation's, so that a claim needs no join"
        ),
        sa.Column(
            "source",
            Sealed("attachments.source"),
            nullable=True,
            comment="null once fetched, lost or gone",
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="as the provider calls it; then what it is by its content",
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            nullable=False,
            comment="not fetched before; a claim moves it past its lease",
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "file", sa.Text(), nullable=True, comment="its name among the sealed files; null until kept"
        ),
        sa.Column("mime", sa.Text(), nullable=True, comment="by its content; null until kept"),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="of what is kept; null until kept"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was lost; one of our own short words"),
        sa.Column(
            "feedback", BigId, nullable=True, comment="the feedback it belongs to; null: still in a draft"
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="attachments_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="attachments_pkey"),
        sqlite_autoincrement=True,
    )
    _index("attachments_due", "attachments", ["channel", "due_at", "id"], "status = 'waiting'")
    _index("attachments_gone", "attachments", ["id"], "status = 'gone'")
    _index("attachments_unowned", "attachments", ["created_at"], "feedback IS NULL")
    _index("attachments_lane", "attachments", ["conversation"], "status = 'waiting'")
    _index("attachments_feedback", "attachments", ["feedback"], "feedback IS NOT NULL")
    _index("attachments_file", "attachments", ["file"], "file IS NOT NULL")
    op.create_table(
        "uploads",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="names the content, see storage.shapes.Media"),
        sa.Column("handle", sa.Text(), nullable=False, comment="the provider's name for it"),
        sa.PrimaryKeyConstraint("channel", "key", name="uploads_pkey"),
    )
    _index("outbox_refused", "outbox", ["id"], "status = 'refused'")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
