"""The recipe of a dataset's Greengrass component: what a device downloads, and what it then does.

https://docs.aws.amazon.com/greengrass/v2/developerguide/component-recipe-reference.html
`tagline-device` is on the device already, with its device.json; it checks the signature itself.
"""

from typing import Any

from tagline.formats.edge_keys import component_name

FORMAT_VERSION = "2020-01-25"
ARCHIVE = "model.zip"
DEFAULTS = ("dataset", "version", "statement", "signature")
"""Keys of the default configuration that belong to a version: a deployment resets them, else a
device would keep those of the version before."""
_INSTALL_SECONDS = 900
_DEVICE, _SOURCE = "/etc/tagline/device.json", "/dev/video0"


def recipe(
    *, dataset: str, version: str, artifact: str, statement: str, signature: str, about: str = ""
) -> dict[str, Any]:
    """Return the recipe of a version whose model.zip lies at `artifact`, an S3 URI.

    `statement` is the text that `signature` (base64) is of.
    """
    told = f"{about}: " if about else ""
    return {
        "RecipeFormatVersion": FORMAT_VERSION,
        "ComponentName": component_name(dataset),
        "ComponentVersion": version,
        "ComponentType": "aws.greengrass.generic",
        "ComponentDescription": f"{told}the model of Tagline's dataset {dataset}",
        "ComponentPublisher": "Tagline",
        "ComponentConfiguration": {
            "DefaultConfiguration": {
                "dataset": dataset,
                "version": version,
                "statement": statement,
                "signature": signature,
                "device": _DEVICE,
                "source": _SOURCE,
            }
        },
        "Manifests": [
            {
                "Platform": {"os": "linux"},
                "Lifecycle": {
                    "Setenv": {
                        "TAGLINE_DEVICE": "{configuration:/device}",
                        "TAGLINE_SOURCE": "{configuration:/source}",
                        "TAGLINE_STATEMENT": "{configuration:/statement}",
                        "TAGLINE_SIGNATURE": "{configuration:/signature}",
                    },
                    "Install": {
                        "Script": 'tagline-device install --device "$TAGLINE_DEVICE" '
                        '--statement "$TAGLINE_STATEMENT" --signature "$TAGLINE_SIGNATURE" '
                        f'"{{artifacts:path}}/{ARCHIVE}"',
                        "Timeout": _INSTALL_SECONDS,
                    },
                    "Run": {
                        "Script": 'exec tagline-device --device "$TAGLINE_DEVICE" '
                        '--source "$TAGLINE_SOURCE"'
                    },
                },
                "Artifacts": [
                    {
                        "Uri": artifact,
                        "Unarchive": "NONE",
                        "Permission": {"Read": "OWNER", "Execute": "NONE"},
                    }
                ],
            }
        ],
    }
