"""Versions of components: recipes, held against strict rules, with their artifacts' digests."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import yaml
from botocore.exceptions import ClientError

from local.clients import Clients
from local.greengrass.errors import absent, conflict, invalid
from local.greengrass.store import Record, Store, page
from tagline.edge import WrongRecipe, check_recipe, read_recipe
from tagline.edge.recipe_rules import address_key, artifacts

_CHUNK = 1 << 20
_RESERVED = "aws."


def recipe_in(request: Record) -> Record:
    """Return the recipe that a request holds, JSON or YAML; raises GreengrassError."""
    if "lambdaFunction" in request:
        raise invalid("lambdaFunction: the laptop cloud makes components of recipes alone")
    if "inlineRecipe" not in request:
        raise invalid("inlineRecipe or lambdaFunction has to be given")
    try:
        data = base64.b64decode(request["inlineRecipe"], validate=True)
    except ValueError as exc:
        raise invalid(f"inlineRecipe is not base64: {exc}") from exc
    try:
        if data.lstrip().startswith(b"{"):
            return read_recipe(data)
        found = yaml.safe_load(data)
    except (WrongRecipe, yaml.YAMLError, UnicodeDecodeError) as exc:
        raise invalid(f"The recipe cannot be read: {exc}") from exc
    if not isinstance(found, dict):
        raise invalid("The recipe cannot be read: an object is expected")
    return found


class Components:
    """What the operations on components do."""

    def __init__(self, store: Store, clients: Clients) -> None:
        self._store = store
        self._clients = clients

    def create(self, request: Record) -> Record:
        """Keep a version, once its recipe and artifacts are found good."""
        recipe = recipe_in(request)
        try:
            check_recipe(recipe)
        except WrongRecipe as exc:
            raise invalid(f"The recipe breaks the rules: {exc}") from exc
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        if name.startswith(_RESERVED):
            raise invalid(f"ComponentName: {name} begins as AWS's own components do")
        arn = self._store.arn(f"components:{name}:versions:{version}")
        token = request.get("clientToken")
        given = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()
        found = self._store.components.get(arn)
        if found is None:
            found = {
                "arn": arn,
                "name": name,
                "version": version,
                "recipe": self._with_digests(recipe),
                "given": given,
                "token": token,
                "created": time.time(),
            }
            with self._store.changing():
                self._store.components[arn] = found
                self._store.tags[arn] = dict(request.get("tags") or {})
        elif not token or (found["token"], found["given"]) != (token, given):
            raise conflict(f"Component [{name} : {version}] for account already exists")
        return {
            "arn": arn,
            "componentName": name,
            "componentVersion": version,
            "creationTimestamp": found["created"],
            "status": _status("REQUESTED"),
        }

    def get(self, request: Record) -> Record:
        """Return a version's recipe."""
        found = self.version(request["arn"])
        form = request.get("recipeOutputFormat", "JSON")
        text = json.dumps(found["recipe"]) if form == "JSON" else yaml.safe_dump(found["recipe"])
        return {
            "recipeOutputFormat": form,
            "recipe": base64.b64encode(text.encode()).decode(),
            "tags": self._store.tags.get(found["arn"], {}),
        }

    def describe(self, request: Record) -> Record:
        """Return what is known of a version."""
        found = self.version(request["arn"])
        return {
            **_summary(found),
            "componentName": found["name"],
            "status": _status("DEPLOYABLE"),
            "tags": self._store.tags.get(found["arn"], {}),
        }

    def listed(self, request: Record) -> Record:
        """Return each component with its newest version; the laptop has no public ones."""
        newest: dict[str, Record] = {}
        for found in self._store.components.values():
            name = found["name"]
            if name not in newest or _order(found) > _order(newest[name]):
                newest[name] = found
        listed = [
            {
                "arn": self._store.arn(f"components:{name}"),
                "componentName": name,
                "latestVersion": _summary(found),
            }
            for name, found in sorted(newest.items())
        ]
        return page(
            listed if request.get("scope", "PRIVATE") == "PRIVATE" else [], request, "components"
        )

    def versions(self, request: Record) -> Record:
        """Return the versions of a component, the newest first."""
        name = _named(request["arn"])[0]
        found = [each for each in self._store.components.values() if each["name"] == name]
        if not found:
            raise absent(f"Component {name} does not exist")
        listed = [
            {"componentName": name, "componentVersion": each["version"], "arn": each["arn"]}
            for each in sorted(found, key=_order, reverse=True)
        ]
        return page(listed, request, "componentVersions")

    def delete(self, request: Record) -> Record:
        """Forget a version; devices that run it go on."""
        arn = self.version(request["arn"])["arn"]
        with self._store.changing():
            del self._store.components[arn]
            self._store.tags.pop(arn, None)
        return {}

    def version(self, arn: str) -> Record:
        """Return what is kept of a version; raises GreengrassError."""
        name, version = _named(arn)
        if not version:
            raise invalid(f"{arn} is not the ARN of a component's version")
        found = self._store.components.get(self._store.arn(f"components:{name}:versions:{version}"))
        if found is None:
            raise absent(f"Component {name} version {version} does not exist")
        return found

    def _with_digests(self, recipe: Record) -> Record:
        """Return the recipe with its artifacts' digests; raises GreengrassError."""
        made = json.loads(json.dumps(recipe))
        faults = []
        for place, bucket, key in artifacts(recipe):
            try:
                digest = self._digest(bucket, key)
            except ClientError as exc:
                why = exc.response["Error"]["Message"]
                faults.append(f"{place}: s3://{bucket}/{key} cannot be accessed: {why}")
                continue
            for artifact in _all_artifacts(made):
                if artifact[address_key(artifact)] == f"s3://{bucket}/{key}":
                    artifact.update(Digest=digest, Algorithm="SHA-256")
        if faults:
            raise invalid(f"Encountered following errors in Artifacts: {'; '.join(faults)}")
        return made  # type: ignore[no-any-return]

    def _digest(self, bucket: str, key: str) -> str:
        digest = hashlib.sha256()
        body = self._clients.of("s3").get_object(Bucket=bucket, Key=key)["Body"]
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()


def _all_artifacts(recipe: Record) -> Iterator[Record]:
    for manifest in recipe["Manifests"]:
        yield from manifest.get("Artifacts", ())


def _named(arn: str) -> tuple[str, str]:
    """Return the component and the version that an ARN names, empty where it has none."""
    parts = arn.split(":")
    if parts[:1] != ["arn"] or len(parts) not in (7, 9) or parts[2] != "greengrass":
        raise invalid(f"{arn[:200]} is not a component's ARN")
    return parts[6], parts[8] if len(parts) == 9 else ""  # noqa: PLR2004 - of a version


def _summary(found: Record) -> Record:
    recipe = found["recipe"]
    platforms: list[dict[str, Any]] = [
        {"attributes": {key: str(value) for key, value in manifest["Platform"].items()}}
        for manifest in recipe["Manifests"]
        if manifest.get("Platform")
    ]
    return {
        "arn": found["arn"],
        "componentVersion": found["version"],
        "creationTimestamp": found["created"],
        "description": recipe.get("ComponentDescription", ""),
        "publisher": recipe.get("ComponentPublisher", ""),
        "platforms": platforms,
    }


def _status(state: str) -> Record:
    return {"componentState": state, "message": "NONE", "errors": {}, "vendorGuidance": "ACTIVE"}


def _order(found: Record) -> tuple[tuple[int, ...], str]:
    numbers, _, rest = found["version"].partition("-")
    return tuple(int(part) for part in numbers.partition("+")[0].split(".")), rest
