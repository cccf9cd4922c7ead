"""Questions that had no answer, masked and counted."""

import sqlalchemy as sa
from alembic import op

from storage.schema import BigId
from storage.sealing import Sealed

revision = "0003_unanswered"
down_revision = "0002_telegram"


def upgrade() -> None:
    op.create_table(
        "unanswered",
        sa.Column("id", BigId, nullable=False),
        sa.Column(
            "likeness",
            sa.LargeBinary(),
            nullable=False,
            comment="a keyed hash of its words, whatever their order: asked again, it counts",
        ),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("question", Sealed("unanswered.question"), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="unanswered_pkey"),
        sa.UniqueConstraint("likeness", name="unanswered_likeness_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("unanswered_last_at", "unanswered", ["last_at"])
