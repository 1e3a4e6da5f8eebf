"""What is to be deployed, as data: ``prefect.yaml``, ``limits.yaml`` and ``automations.yaml`` of ``deployments/``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrapers.errors import UsageError

OURS = "nianbao"
"""The tag by which a deployment is ours to change and to remove."""
BY_HAND = "nianbao-by-hand"
"""Tag of runs that commands begin, on a server that stays."""
PREFIX = "nianbao: "
"""What the names of our automations and global limits begin with."""
DEPLOYMENTS, LIMITS, AUTOMATIONS = "prefect.yaml", "limits.yaml", "automations.yaml"


class DeploymentFileError(UsageError):
    """One of the files cannot be used; the message names it, the place in it, and what is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WantedLimit(_Strict):
    """Of concurrency: so many runs at once, and what becomes of one too many."""

    limit: Annotated[int, Field(ge=1)]
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: int | None = None


class WantedPlace(_Strict):
    """Where the runs of a deployment are put up."""

    name: str
    work_queue_name: str
    job_variables: dict[str, Any] = {}


class WantedSchedule(_Strict):
    """A cron line; ``slug`` is what tells it from the deployment's others."""

    slug: str
    cron: str
    timezone: str
    active: bool | None = None
    """Not said: as it is on the server, where somebody may have paused it; a new one is active."""
    parameters: dict[str, Any] = {}


class WantedDeployment(_Strict):
    """A deployment as ``prefect.yaml`` has it."""

    name: str
    entrypoint: str
    description: str
    tags: list[str]
    parameters: dict[str, Any] = {}
    concurrency_limit: WantedLimit
    work_pool: WantedPlace
    schedules: list[WantedSchedule] = []

    @model_validator(mode="after")
    def _is_ours(self) -> WantedDeployment:
        if OURS not in self.tags:
            raise ValueError(f"tags must have {OURS}: by it `nianbao deploy` knows what it may remove")
        slugs = [schedule.slug for schedule in self.schedules]
        if len(set(slugs)) < len(slugs):
            raise ValueError("the slugs of its schedules must differ")
        return self


class WantedPool(_Strict):
    """The work pool."""

    name: str
    type: str
    description: str
    concurrency_limit: int | None = None


class WantedQueue(_Strict):
    """A queue of the pool; lower priority numbers go first."""

    name: str
    description: str
    priority: Annotated[int, Field(ge=1)]
    concurrency_limit: int | None = None


class WantedGlobalLimit(_Strict):
    """A global concurrency limit."""

    name: Annotated[str, Field(pattern=f"^{PREFIX}")]
    limit: Annotated[int, Field(ge=1)]


class WantedNotification(_Strict):
    """What a notification says, as Jinja templates of Prefect."""

    subject: str
    body: str


class WantedAction(BaseModel):
    """``notify``, ``run``, or one of Prefect's own actions with its ``type``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    notify: WantedNotification | None = None
    run: str | None = None
    type: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> WantedAction:
        if sum(part is not None for part in (self.notify, self.run, self.type)) != 1:
            raise ValueError("an action has notify, run (flow/deployment), or type (one of Prefect's), and only one")
        return self


class WantedAutomation(_Strict):
    """An automation."""

    name: Annotated[str, Field(pattern=f"^{PREFIX}")]
    description: str
    trigger: dict[str, Any]
    actions: Annotated[list[WantedAction], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that is to be on the server."""

    pull: tuple[dict[str, Any], ...]
    deployments: tuple[WantedDeployment, ...]
    pool: WantedPool
    queues: tuple[WantedQueue, ...]
    global_limits: tuple[WantedGlobalLimit, ...]
    automations: tuple[WantedAutomation, ...]


class _PrefectFile(BaseModel):
    model_config = ConfigDict(extra="ignore")  # Prefect's own keys

    pull: list[dict[str, Any]]
    deployments: list[WantedDeployment]


class _LimitsFile(_Strict):
    work_pool: WantedPool
    work_queues: list[WantedQueue]
    global_concurrency_limits: list[WantedGlobalLimit]


class _AutomationsFile(_Strict):
    automations: list[WantedAutomation]


_Model = TypeVar("_Model", bound=BaseModel)


def deployment_folder() -> Path:
    """The folder that came with this nianbao."""
    return Path(str(files("deployments")))


def read_wanted(folder: Path) -> Wanted:
    """The three files of ``folder``. Raises :class:`DeploymentFileError`."""
    deployed = _read(folder / DEPLOYMENTS, _PrefectFile)
    limits = _read(folder / LIMITS, _LimitsFile)
    automations = _read(folder / AUTOMATIONS, _AutomationsFile)
    queues = {queue.name for queue in limits.work_queues}
    for deployment in deployed.deployments:
        place = deployment.work_pool
        if place.name != limits.work_pool.name or place.work_queue_name not in queues:
            raise DeploymentFileError(
                f"{folder / DEPLOYMENTS}: {deployment.name}: no pool {place.name} with a queue {place.work_queue_name} "
                f"stands in {LIMITS}"
            )
    return Wanted(
        tuple(deployed.pull),
        tuple(deployed.deployments),
        limits.work_pool,
        tuple(limits.work_queues),
        tuple(limits.global_concurrency_limits),
        tuple(automations.automations),
    )


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise DeploymentFileError(f"{path} is not there") from error
    except yaml.YAMLError as error:
        raise DeploymentFileError(f"{path}: not valid YAML: {error}") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise DeploymentFileError("\n".join(lines)) from error
