"""The first tables: conversations, inbox, outbox, timers, limiter, feedback, sentinels."""

import sqlalchemy as sa
from alembic import op

from storage.schema import BigId
from storage.sealing import Sealed

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", BigId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column(
            "address_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed: finds the row without opening anything",
        ),
        sa.Column(
            "address",
            Sealed("conversations.address"),
            nullable=True,
            comment="null: the person fetches, we never write to them",
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "mark",
            Sealed("conversations.mark"),
            nullable=True,
            comment="null: nothing was said yet, or it was forgotten",
        ),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="when the person last wrote"),
        sa.PrimaryKeyConstraint("id", name="conversations_pkey"),
        sa.UniqueConstraint("channel", "address_hash", name="conversations_channel_address_hash_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "limiter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False, comment="microseconds UTC"),
        sa.PrimaryKeyConstraint("name", name="limiter_pkey"),
        comment="one row a channel, and one a chat that a provider asked to slow down",
    )
    op.create_table(
        "sentinels",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="sentinels_pkey"),
        comment="A known text sealed with each key that this database was ever used with.",
    )
    op.create_table(
        "timers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="setting a timer twice is setting it once"),
        sa.Column("act", sa.Text(), nullable=False, comment="a name in handlers.clock"),
        sa.Column("arguments", sa.Text(), nullable=False, comment="JSON; ids and numbers only, never words"),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True, comment="the class of what the act raised"),
        sa.PrimaryKeyConstraint("id", name="timers_pkey"),
        sa.UniqueConstraint("key", name="timers_key_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "timers_due",
        "timers",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "feedback",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=False),
        sa.Column("told", Sealed("feedback.told"), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="feedback_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="feedback_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "inbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the sender's own identifier of the message"),
        sa.Column("conversation", BigId, nullable=True, comment="null: a body that could not be read"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", Sealed("inbox.body"), nullable=True, comment="null once done"),
        sa.Column(
            "sent_at",
            sa.BigInteger(),
            nullable=False,
            comment="the provider's instant, 0 where arrival is the order; with id it orders a lane",
        ),
        sa.Column("due_at", sa.BigInteger(), nullable=False, comment="not answered before"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="solo attempts that were begun"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True, comment="the class of what a step raised; never words"),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="inbox_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="inbox_pkey"),
        sa.UniqueConstraint("channel", "key", name="inbox_channel_key_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "inbox_due",
        "inbox",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "inbox_lane",
        "inbox",
        ["conversation", "sent_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "inbox_parked",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'parked'"),
        postgresql_where=sa.text("status = 'parked'"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=False),
        sa.Column(
            "channel", sa.Text(), nullable=False, comment="the conversation's, so that a claim needs no join"
        ),
        sa.Column(
            "body", Sealed("outbox.body"), nullable=True, comment="null once its time of keeping is over"
        ),
        sa.Column(
            "answers",
            BigId,
            nullable=True,
            comment="the inbox row this answers; that row may be gone already",
        ),
        sa.Column(
            "slot", sa.Text(), nullable=True, comment="takes the place of the last message of this slot"
        ),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=True, comment="expires then; null: never"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True, comment="null unless sending"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column(
            "maybe_sent",
            sa.Boolean(),
            nullable=False,
            comment="a lease ran out: the provider may have it already",
        ),
        sa.Column(
            "provider_id", sa.Text(), nullable=True, comment="the provider's name for the sent message"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was refused, held or put off"),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "forget_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the body is emptied; null: it is",
        ),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="outbox_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="outbox_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["channel", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "outbox_forget",
        "outbox",
        ["forget_at"],
        unique=False,
        sqlite_where=sa.text("forget_at IS NOT NULL"),
        postgresql_where=sa.text("forget_at IS NOT NULL"),
    )
    op.create_index(
        "outbox_held",
        "outbox",
        ["conversation"],
        unique=False,
        sqlite_where=sa.text("status = 'held'"),
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index(
        "outbox_lane",
        "outbox",
        ["conversation", "id"],
        unique=False,
        sqlite_where=sa.text("body IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL"),
    )
    op.create_index(
        "outbox_leased",
        "outbox",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        "outbox_slot",
        "outbox",
        ["conversation", "slot", "id"],
        unique=False,
        sqlite_where=sa.text("slot IS NOT NULL"),
        postgresql_where=sa.text("slot IS NOT NULL"),
    )
