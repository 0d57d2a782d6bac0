"""What every written definition is: strict, frozen, and some of them switched off with a reason."""

from pydantic import BaseModel, ConfigDict, Field

from watchkeeper.spec import scalars as s


class Written(BaseModel):
    """Unknown keys are problems, not notes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Switched(Written):
    """What a project may switch off, saying why."""

    enabled: s.Truth = Field(default=True, description="false switches it off; say `because`, and `until` when.")
    because: s.Text | None = None
    until: s.Day | None = Field(default=None, description="The day from which it counts again.")
