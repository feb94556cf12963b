"""The recipe of a dataset's component, and what the strict rules make of others."""

import copy
import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tagline.edge import WrongRecipe, check_recipe, read_recipe, recipe
from tagline.edge.recipe_rules import artifacts

OURS = recipe(
    dataset="trash",
    version="1.261127.42210",
    artifact="s3://data-bucket/trash/edge/1.261127.42210/model.zip",
    statement='{"bytes":7}',
    signature="MEUCIQ==",
)
LIFECYCLE = OURS["Manifests"][0]["Lifecycle"]


def changed(path: str, value: Any, remove: str = "") -> dict[str, Any]:
    """Return our recipe with a value at a path, such as `Manifests.0.Lifecycle.Instal`."""
    made: Any = copy.deepcopy(OURS)
    at = made
    *way, last = path.split("/")
    for part in way:
        at = at[int(part) if part.isdigit() else part]
    at.pop(remove, None)
    at[last] = value
    return made  # type: ignore[no-any-return]


def faults(made: object) -> tuple[str, ...]:
    with pytest.raises(WrongRecipe) as told:
        check_recipe(made, ["data-bucket"])
    return told.value.faults


def test_our_recipe_keeps_the_rules_and_says_what_a_device_does() -> None:
    check_recipe(OURS, ["data-bucket"])
    assert read_recipe(json.dumps(OURS)) == OURS
    assert OURS["ComponentName"] == "com.tagline.trash"
    assert '"{artifacts:path}/model.zip"' in LIFECYCLE["Install"]["Script"]


NO_KEY = "there is no such key; "
STEP = "Manifests/0/Lifecycle"
ARTIFACT = "Manifests/0/Artifacts/0"
SEMVER = "is not a version major.minor.patch, of numbers to 999999"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (f"{STEP}/Instal", "x", f"{NO_KEY}Install is meant?"),
        (f"{STEP}/runn", "x", f"{NO_KEY}Run is meant?"),
        (f"{STEP}/install", "x", f"{NO_KEY}Install is meant, keys have their exact case"),
        (f"{STEP}/Install/Scirpt", "x", f"{NO_KEY}Script is meant?"),
        (
            f"{STEP}/Xyzzy",
            "x",
            f"{NO_KEY}there are Setenv, Install, Run, Startup, Shutdown, Recover, Bootstrap",
        ),
        ("Manifest", [], f"{NO_KEY}Manifests is meant?"),
        (f"{ARTIFACT}/Permission/Read", "owner", "'owner' is not one of NONE, OWNER, ALL"),
        (f"{ARTIFACT}/Unarchive", "TAR", "'TAR' is not one of NONE, ZIP"),
        (f"{ARTIFACT}/Uri", "s3://other-bucket/x", "bucket other-bucket is none of data-bucket"),
        (f"{ARTIFACT}/Uri", "https://x/y", "'https://x/y' is not s3://bucket/key"),
        (
            "Manifests/0/Platform/os",
            "Linux",
            "'Linux' is not one of *, all, linux, windows, darwin",
        ),
        (f"{STEP}/Install/Timeout", "900", "'900' is not a number of seconds from 1"),
        (f"{STEP}/Install/RequiresPrivilege", 1, "1 is not true or false"),
        ("ComponentVersion", "1.0", f"'1.0' {SEMVER}"),
        ("ComponentVersion", "1.0000001.0", f"'1.0000001.0' {SEMVER}"),
        (
            "ComponentName",
            "a b",
            "'a b' is not a name of 1 to 128 letters, digits, '-', '_' or '.'",
        ),
        (
            "ComponentDependencies",
            {"aws.x": {"VersionRequirement": "new"}},
            ".aws.x.VersionRequirement: 'new' is not a range of versions, such as >=1.0.0 <2.0.0",
        ),
        ("RecipeFormatVersion", "2021-01-25", "'2021-01-25' is not one of 2020-01-25"),
        ("Manifests", [], "a list of 1 or more is expected"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_was_meant(
    path: str, value: Any, said: str
) -> None:
    place = re.sub(r"/([0-9]+)", r"[\1]", path).replace("/", ".")
    assert faults(changed(path, value)) == (f"{place}{'' if said[0] == '.' else ': '}{said}",)


def test_an_artifact_s_address_has_two_spellings() -> None:
    made = changed(f"{ARTIFACT}/URI", "s3://data-bucket/x", remove="Uri")
    check_recipe(made, ["data-bucket"])
    assert [*artifacts(made)] == [("Manifests[0].Artifacts[0].URI", "data-bucket", "x")]
    place = "Manifests[0].Artifacts[0]"
    for path, value, remove, said in (
        (
            f"{ARTIFACT}/URI",
            "s3://other/x",
            "Uri",
            f"{place}.URI: bucket other is none of data-bucket",
        ),
        (
            f"{ARTIFACT}/URI",
            "https://x/y",
            "Uri",
            f"{place}.URI: 'https://x/y' is not s3://bucket/key",
        ),
        (f"{ARTIFACT}/URI", "s3://data-bucket/x", "", f"{place}: URI and Uri are the same key"),
        (f"{ARTIFACT}/Unarchive", "ZIP", "Uri", f"{place}: Uri is missing"),
    ):
        assert faults(changed(path, value, remove)) == (said,)
    assert faults(changed(f"{ARTIFACT}/uri", "s3://data-bucket/x", remove="Uri"))[0].startswith(
        f"{place}.uri: there is no such key; Uri is meant"
    )


def test_what_is_missing_twice_or_no_object_is_told() -> None:
    without = {key: value for key, value in OURS.items() if key != "ComponentName"}
    assert faults(without) == ("the recipe: ComponentName is missing",)
    assert faults([]) == ("the recipe: an object is expected",)
    for text, said in (
        ('{"a": 1, "a": 2}', "a: stands twice in one object"),
        ("[]", "the recipe: an object is expected"),
        ("{", "the recipe is not JSON: "),
    ):
        with pytest.raises(WrongRecipe, match=said):
            read_recipe(text)


STEPS = [name for name in LIFECYCLE if name != "Setenv"]


@given(some.sampled_from(STEPS), some.data())
def test_no_misspelt_lifecycle_key_passes(step: str, data: some.DataObject) -> None:
    """Any other key than the known ones is refused, and named with its place."""
    place = data.draw(some.integers(0, len(step)))
    letter = data.draw(some.sampled_from("abXz_"))
    misspelt = step[:place] + letter + step[place + data.draw(some.integers(0, 1)) :]
    if misspelt in {"Install", "Run", "Startup", "Shutdown", "Recover", "Bootstrap", "Setenv"}:
        return
    made = changed(f"Manifests/0/Lifecycle/{misspelt}", LIFECYCLE[step], remove=step)
    (told,) = faults(made)
    assert told.startswith(f"Manifests[0].Lifecycle.{misspelt}: there is no such key; {step} is")


KEYS = some.sampled_from(["Manifests", "Lifecycle", "Uri", "x"])
PLAIN = some.none() | some.booleans() | some.integers() | some.text(max_size=5)


def nested(inner: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.lists(inner, max_size=3) | some.dictionaries(KEYS, inner, max_size=3)


@given(some.recursive(PLAIN, nested, max_leaves=12))
def test_anything_is_judged_without_a_crash(value: object) -> None:
    for made in (value, changed("Manifests", value), changed(f"{STEP}/Run", value)):
        with suppress(WrongRecipe):
            check_recipe(made, ["data-bucket"])


@given(some.from_regex(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}", fullmatch=True))
def test_semantic_versions_are_taken(version: str) -> None:
    if version.isascii():
        check_recipe(changed("ComponentVersion", version))
