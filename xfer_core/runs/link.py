"""Read a spec from the query parameters of a link, and the settings that are refused."""

from __future__ import annotations

from collections.abc import Mapping

from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, parse_spec


def read_link(given: Mapping[str, str]) -> tuple[RunSpec, list[tuple[str, XferError]]]:
    """The spec of a link, as far as the controls can show it.

    Args:
        given: path → value in the words of ``--set``, in any order.

    Returns:
        The spec; and each refused setting, as it stood in the link, with the rule that it breaks.
    """
    settings = [f"{path}={value}" for path, value in given.items()]
    try:
        return _showable(settings), []
    except XferError:
        pass  # at least one is invalid: try them one by one, first those that others depend on
    taken: list[str] = []
    waiting, refused = sorted(settings, key=_order), []
    while waiting:
        refused = []
        for setting in waiting:
            try:
                _showable([*taken, setting])
                taken.append(setting)
            except XferError as error:
                refused.append((setting, error))
        if len(refused) == len(waiting):  # no further setting is valid, not even beside those accepted after it
            break
        waiting = [setting for setting, _ in refused]
    return _showable(taken), refused


def _order(setting: str) -> tuple[bool, int]:
    path = setting.partition("=")[0]
    return not path.endswith("kind"), path.count(".")


def _showable(settings: list[str]) -> RunSpec:
    """The spec of these settings.

    Raises:
        XferError: where the controls could not show it: names that do not exist, λ that cannot be mixed.
    """
    spec = parse_spec({}, settings)
    for key, role in spec.problem.roles().items():  # a missing target must not hide an unknown source
        domain_info(key, f"problem.{role}")
    spec.strategy.lambdas(spec.problem)
    try:
        spec.problem.check_names()
    except XferError as error:
        if error.code in ("unknown_domain", "unknown_task"):
            raise
    return spec
