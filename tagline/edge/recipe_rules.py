"""What a Greengrass v2 recipe may hold: every key in its exact case, every value in its form.

Greengrass passes over what it does not know, so that a component with `Instal` is made, deployed,
and never installs. Here each fault is told with its place, and a key with what was meant.
https://docs.aws.amazon.com/greengrass/v2/developerguide/component-recipe-reference.html
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from tagline.edge.checks import (
    Faults,
    Table,
    an_object,
    brief,
    either,
    flag,
    many,
    mapped,
    one_of,
    seconds,
    text,
)

SEMVER = (
    r"(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
NAME = r"[a-zA-Z0-9_.-]{1,128}"
_ARTIFACT = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^\s?#]{1,1024})"
)
_RANGE = re.compile(r"(?:[<>]=?|=|\^|~)?\d+(?:\.(?:\d+|x|\*)){0,2}(?:-[0-9A-Za-z.-]+)?|\*")
_ADDRESS = ("URI", "Uri")  # AWS's own recipes have both
_LARGEST = 16_000  # bytes; https://docs.aws.amazon.com/greengrass/v2/developerguide/quotas.html


class WrongRecipe(ValueError):
    """A recipe breaks rules; `faults` are all of them, each with its place."""

    def __init__(self, faults: Collection[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def check_recipe(recipe: object, buckets: Collection[str] | None = None) -> None:
    """Raise WrongRecipe with all that is wrong with a recipe.

    Its artifacts have to lie in `buckets`, where those are given.
    """
    faults = list(_RECIPE("", recipe))
    if not faults and isinstance(recipe, dict):
        if buckets is not None:
            faults = [
                f"{place}: bucket {bucket} is none of {', '.join(sorted(buckets))}"
                for place, bucket, _ in artifacts(recipe)
                if bucket not in buckets
            ]
        if len(json.dumps(recipe)) > _LARGEST:
            faults.append(f"the recipe: more than {_LARGEST:,} bytes")
    if faults:
        raise WrongRecipe(faults)


def artifacts(recipe: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield place, bucket and key of each artifact's address in a recipe that was checked."""
    for number, manifest in enumerate(recipe["Manifests"]):
        for index, artifact in enumerate(manifest.get("Artifacts", ())):
            name = address_key(artifact)
            match = _ARTIFACT.fullmatch(artifact[name])
            if match:
                place = f"Manifests[{number}].Artifacts[{index}].{name}"
                yield place, match["bucket"], match["key"]


def address_key(artifact: dict[str, Any]) -> str:
    """Return by which key an artifact of a recipe that was checked says where it lies."""
    return next(key for key in _ADDRESS if key in artifact)


def read_recipe(data: str | bytes) -> dict[str, Any]:
    """Return a recipe written as JSON; raises WrongRecipe for no JSON, or a key that is twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise WrongRecipe([f"{twice}: stands twice in one object"])
        return found

    try:
        found = json.loads(data, object_pairs_hook=once)
    except WrongRecipe:
        raise
    except (ValueError, RecursionError) as exc:
        raise WrongRecipe([f"the recipe is not JSON: {exc}"]) from exc
    if not isinstance(found, dict):
        raise WrongRecipe(["the recipe: an object is expected"])
    return found


def _ranged(place: str, value: Any) -> Faults:
    parts = str(value).replace("||", " ").replace(" - ", " ").split()
    if not isinstance(value, str) or not parts or not all(map(_RANGE.fullmatch, parts)):
        yield f"{place}: {brief(value)} is not a range of versions, such as >=1.0.0 <2.0.0"


_ACCESS = one_of("NONE", "OWNER", "ALL")
_SCRIPT = text(r"(?s).*\S.*", "a script")
_SETENV = mapped(text(), r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")
_STEP = {
    "Script": _SCRIPT,
    "RequiresPrivilege": flag,
    "Skipif": text(r"(?:onpath|exists) \S.*", "onpath PROGRAM or exists FILE"),
    "Setenv": _SETENV,
    "Timeout": seconds,
}
_DOES = either(_SCRIPT, Table(_STEP, needed=("Script",)))
_LIFECYCLE = Table(
    {
        "Setenv": _SETENV,
        **dict.fromkeys(("Install", "Run", "Startup", "Shutdown", "Recover"), _DOES),
        "Bootstrap": either(
            _SCRIPT, Table({**_STEP, "BootstrapOnRollback": flag}, needed=("Script",))
        ),
    }
)
_PLATFORM = Table(
    {
        "os": one_of("*", "all", "linux", "windows", "darwin"),
        "architecture": text(r"\*|[a-z0-9_]+(?:\|[a-z0-9_]+)*|/.+/", "an architecture"),
        "architecture.detail": text(),
        "runtime": one_of("*", "aws_nucleus_lite", "aws_nucleus_classic"),
    }
)
_FILE = Table(
    {
        **dict.fromkeys(_ADDRESS, text(_ARTIFACT.pattern, "s3://bucket/key")),
        "Unarchive": one_of("NONE", "ZIP"),
        "Permission": Table({"Read": _ACCESS, "Execute": _ACCESS}),
    }
)


def _file(place: str, value: Any) -> Faults:
    yield from _FILE(place, value)
    given = [key for key in _ADDRESS if key in value] if isinstance(value, dict) else [""]
    if not given:
        yield f"{place}: Uri is missing"
    elif len(given) > 1:
        yield f"{place}: {' and '.join(given)} are the same key"


_ARTIFACTS = many(_file)
_MANIFEST = Table(
    {
        "Name": text(r".{1,128}", "a name"),
        "Platform": _PLATFORM,
        "Lifecycle": _LIFECYCLE,
        "Selections": many(text()),
        "Artifacts": _ARTIFACTS,
    }
)
_DEPENDENCY = Table(
    {"VersionRequirement": _ranged, "DependencyType": one_of("HARD", "SOFT")},
    needed=("VersionRequirement",),
)
_RECIPE = Table(
    {
        "RecipeFormatVersion": one_of("2020-01-25"),
        "ComponentName": text(NAME, "a name of 1 to 128 letters, digits, '-', '_' or '.'"),
        "ComponentVersion": text(SEMVER, "a version major.minor.patch, of numbers to 999999"),
        "ComponentType": one_of(
            *(f"aws.greengrass.{kind}" for kind in ("generic", "lambda", "plugin", "nucleus"))
        ),
        "ComponentDescription": text(),
        "ComponentPublisher": text(),
        "ComponentConfiguration": Table({"DefaultConfiguration": an_object}),
        "ComponentDependencies": mapped(_DEPENDENCY, NAME, "a component's name"),
        "Manifests": many(_MANIFEST, fewest=1),
        "Lifecycle": _LIFECYCLE,
    },
    needed=("RecipeFormatVersion", "ComponentName", "ComponentVersion", "Manifests"),
)
