"""renovate.json finds every lock and PACKING; versions that stand twice move as one."""

import json
import re

from tools.check_locks import ROOT, read_pins

RENOVATE = json.loads((ROOT / "renovate.json").read_text())
INPUTS = [*ROOT.glob("*/*.in"), *ROOT.glob("containers/*/*.in")]


def test_every_lock_is_found() -> None:
    patterns = [pattern.strip("/") for pattern in RENOVATE["pip-compile"]["managerFilePatterns"]]
    locks = [path.with_suffix(".txt").relative_to(ROOT).as_posix() for path in INPUTS]
    assert len(locks) >= 9
    assert [lock for lock in locks if not any(re.search(p, lock) for p in patterns)] == []


def test_the_decoders_versions_in_packing_are_found() -> None:
    (path,) = (ROOT / "tagline").rglob("image_index.py")
    found = {}
    for manager in RENOVATE["customManagers"]:
        (pattern,) = manager["managerFilePatterns"]
        assert re.search(pattern.strip("/"), path.relative_to(ROOT).as_posix())
        (wanted,) = manager["matchStrings"]
        for match in re.finditer(wanted.replace("(?<", "(?P<"), path.read_text()):
            name = match.groupdict().get("depName") or manager["depNameTemplate"]
            found[name] = match["currentValue"]
    pins, _ = read_pins((ROOT / "containers/im2rec/requirements.in").read_text())
    names = ("opencv-python-headless", "pillow", "pyspng", "simplejpeg")
    assert found == {name: pins[name] for name in names}


def test_what_is_pinned_twice_is_not_split_by_the_group_of_a_folder() -> None:
    tested, deployed = set[str](), set[str]()
    for path in INPUTS:
        names = tested if path.parent.name == "requirements" else deployed
        names.update(read_pins(path.read_text())[0])
    rules = RENOVATE["packageRules"]
    (folder,) = (n for n, rule in enumerate(rules) if rule.get("groupName") == "development tools")
    named = {
        package
        for rule in rules[folder + 1 :]
        if "groupName" in rule
        for package in rule.get("matchPackageNames", ())
    }
    assert "numpy" in tested & deployed
    assert tested & deployed <= named
