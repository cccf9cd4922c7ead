"""Files that browsers upload, until they were looked at."""

import sqlalchemy as sa
from alembic import op

from storage.schema import BigId

revision = "0004_staged"
down_revision = "0003_unanswered"


def upgrade() -> None:
    op.create_table(
        "staged",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation", BigId, nullable=False, comment="whose browser sent it"),
        sa.Column("file", sa.Text(), nullable=False, comment="its name among the sealed files"),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="of content"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation"], ["conversations.id"], name="staged_conversation_fkey"),
        sa.PrimaryKeyConstraint("id", name="staged_pkey"),
        sa.UniqueConstraint("file", name="staged_file_key"),
        sqlite_autoincrement=True,
    )
    _index("staged_unsent", ["conversation", "id"], "status = 'unsent'")
    _index("staged_held", ["created_at", "bytes"], "status != 'gone'")
    _index("staged_gone", ["id"], "status = 'gone'")


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "staged", columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
