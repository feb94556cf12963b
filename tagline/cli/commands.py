"""What people type: each command's arguments, options and line of help.

Nothing else is here, so that help costs no import: `tagline.cli.<name>` has the function of the
same name and parameters that does the work, and is imported when a command runs.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

_Port = typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")
_Stack = Annotated[str, typer.Option(help="Name of the CloudFormation stack.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
_Token = Annotated[
    Path | None,
    typer.Option(
        help="File of a token, where the API asks for one; TAGLINE_TOKEN without.",
        exists=True,
        dir_okay=False,
    ),
]
_List = Annotated[
    Path, typer.Argument(metavar="LIST", help="List file, or ratings (.csv).", exists=True)
]  # a folder is told what to do
_Labels = Annotated[
    Path | None, typer.Option(help="labels.txt: tag names.", exists=True, dir_okay=False)
]
_Config = Annotated[
    Path | None, typer.Option(help="dataset.yaml: settings.", exists=True, dir_okay=False)
]
_Items = Annotated[
    Path | None,
    typer.Option(help="items.csv of ratings: item,title.", exists=True, dir_okay=False),
]
_Wait = Annotated[bool, typer.Option("--wait", help="Show the run's progress; exit 1 if it fails.")]
STACK = "tagline"
TRAINING, ENDPOINT = "ml.c5.4xlarge", "ml.c5.large"


def demo(
    *,
    images: Annotated[int, typer.Option(min=200, max=20_000, help="Designs to draw.")] = 1500,
    seed: Annotated[int, typer.Option(help="Seed of the designs.")] = 7,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 (4566 or a free one).")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the cloud up until Ctrl-C.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(help="Cloud, designs, report.", file_okay=False, show_default=".tagline/demo"),
    ] = None,
    ratings: Annotated[
        bool, typer.Option("--ratings", help="Of a recommender: ratings are drawn, no designs.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show everything: start, deploy, draw, drop, train, evaluate, tag."""


def up(
    *,
    port: Annotated[int, _Port] = 4566,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start empty: forget buckets, runs and champions.")
    ] = False,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            help="Where the cloud keeps its state.", file_okay=False, show_default=".tagline/cloud"
        ),
    ] = None,
    source_bucket: Annotated[
        list[str] | None,
        typer.Option(
            help="Another bucket that lists may read images from; repeatable. The template's "
            "SourceBuckets: kept until set anew.",
            metavar="NAME",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            help="A parameter of the template, such as ApiAuth=jwt; repeatable. Kept until set "
            "anew.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    stack: _Stack = STACK,
    secret: Annotated[
        bool,
        typer.Option(
            "--secret",
            help="Take only requests signed with a random key, which is printed; "
            "other accounts of this machine have none.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the URLs as JSON.")] = False,
) -> None:
    """Start the laptop cloud, deploy the stack, and stay until Ctrl-C."""


def preflight(
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            help="A template parameter that the deploy will be given; repeatable.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Look at an account, read-only, and say what would fail; exit 1 when something would."""


def images(
    action: Annotated[Literal["push"], typer.Argument(help="push: build, push and pin all three.")],
    *,
    tag: Annotated[
        str | None, typer.Option(help="Tag of the images.", show_default="the time, UTC")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Where the digests are pinned.", show_default="samconfig.toml"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the commands and run none of them.")
    ] = False,
) -> None:
    """Build the images for an account, push them, pin their digests."""


def check(
    list_path: _List,
    *,
    labels: _Labels = None,
    config: _Config = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Decode the list's images in here, too.", exists=True, file_okay=False),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="HTML file to write: thumbnails by problem and by label.", dir_okay=False
        ),
    ] = None,
    items: _Items = None,
    as_json: _Json = False,
) -> None:
    """Check a list or ratings without a cloud; exit 1 when a run could not use them."""


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="File or folder with the tags.", exists=True)
    ],
    *,
    to: Annotated[
        Literal["list", "csv", "coco", "manifest"],
        typer.Option(help="list: a list and labels.txt, for a run."),
    ] = "list",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write into.", file_okay=False)
    ] = Path(),
    form: Annotated[
        Literal[
            "list",
            "csv",
            "parquet",
            "jsonl",
            "coco",
            "label_studio",
            "cvat",
            "manifest",
            "folders",
            "sidecars",
            "parts",
        ]
        | None,
        typer.Option("--from", help="What SOURCE is; told by its first bytes otherwise."),
    ] = None,
    file_column: Annotated[
        str | None, typer.Option(help="Column that names the images; or its number.")
    ] = None,
    tags_column: Annotated[
        list[str] | None,
        typer.Option(help="Column of the tags; repeated where each tag has one of its own."),
    ] = None,
    tags_sep: Annotated[str | None, typer.Option(help="What separates an image's tags.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a table, such as cp1252.")] = None,
    labels: _Labels = None,
    root: Annotated[
        str | None, typer.Option(help="Folder that absolute paths are made relative to.")
    ] = None,
    s3_source: Annotated[
        str | None,
        typer.Option("--source", help="s3://bucket/prefix/ that paths are, or lie, below."),
    ] = None,
    ending: Annotated[
        str | None, typer.Option(help="Put to names that have none, such as .jpg.")
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(help="A tag's new name; or a file of such lines.", metavar="OLD=NEW"),
    ] = None,
    merge: Annotated[
        list[str] | None, typer.Option(help="Tags that become one.", metavar="A,B=C")
    ] = None,
    min_count: Annotated[int, typer.Option(min=0, help="Leave out tags of fewer images.")] = 0,
    tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the entries that may be refused.")
    ] = 0.5,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there already.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Make a list and labels.txt of CSV, Parquet, folders, COCO and other exports; and back."""


def drop(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Its name.")],
    list_path: Annotated[
        Path | None,
        typer.Argument(
            metavar="LIST",
            help="List file, or ratings (.csv); without one, --images holds a folder per class.",
            exists=True,
        ),
    ] = None,
    *,
    labels: _Labels = None,
    config: _Config = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Upload the list's images from here.", exists=True, file_okay=False),
    ] = None,
    items: _Items = None,
    wait: _Wait = False,
    convert: Annotated[
        bool, typer.Option("--convert", help="Make a list of it first, as `tagline convert` does.")
    ] = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Upload a list or ratings, and what goes with them, and so start a run."""


def try_(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose newest list.")],
    *,
    given: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="A setting of dataset.yaml and what it is this time, such as training.epochs=20; "
            "repeatable.",
            metavar="SETTING=VALUE",
        ),
    ],
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Train the newest list with other settings: judged, and promoted only by `tagline promote`."""


def runs(
    dataset: Annotated[str | None, typer.Argument(metavar="DATASET", help="Only its runs.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 50,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """List runs and batches with their outcomes, newest first."""


def show(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN|DATASET", help="A run, a batch, or a dataset: its newest run."),
    ],
    *,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Print every rejected row as JSON Lines, no more.")
    ] = False,
    suspects: Annotated[
        bool,
        typer.Option(
            "--suspects",
            help="Print every row whose labels the model doubts, the most doubtful first, as JSON "
            "Lines, no more.",
        ),
    ] = False,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the report in the browser, no more.")
    ] = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Show a run (outcome, rows, metrics, model, doubted labels) or a batch."""


def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help="The one before.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="The one after.")],
    *,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Show two runs side by side: label by label, and the settings that differ."""


def watch(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN|DATASET", help="A run, an order's execution, or a dataset: its newest run."
        ),
    ],
    *,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Show a run's progress to its end; exit 1 if it fails."""


def cancel(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run that goes on, or an order's execution.")
    ],
    *,
    why: Annotated[str, typer.Option(help="The reason, kept with the run.")] = "cancelled by hand",
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Stop a run and its job; the champion serves on."""


def logs(
    run: Annotated[
        str, typer.Argument(metavar="RUN|DATASET", help="A run, or a dataset: its newest run.")
    ],
    state: Annotated[
        str | None,
        typer.Argument(metavar="[STATE]", help="Such as Train; else what failed or trains."),
    ] = None,
    *,
    follow_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run ends.")
    ] = False,
    stack: _Stack = STACK,
) -> None:
    """Print what a state's job or function has logged."""


def estimate(
    list_path: Annotated[
        Path | None,
        typer.Argument(metavar="LIST", help="List file.", exists=True, dir_okay=False),
    ] = None,
    *,
    images: Annotated[
        int | None, typer.Option(min=2, max=10**9, help="Images, instead of a list.")
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Labels of such images.", show_default="50"),
    ] = None,
    image_kb: Annotated[
        float, typer.Option(min=0.001, max=65_536, help="Mean size of an image file.")
    ] = 100,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "--settings", help="dataset.yaml: settings.", exists=True, dir_okay=False
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            help="FetchConcurrency or another parameter of the stack that counts; repeatable.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    region: Annotated[str, typer.Option(help="Region, for its prices.")] = "us-east-1",
    prices: Annotated[
        Path | None, typer.Option(help="prices.json: your own.", exists=True, dir_okay=False)
    ] = None,
    training: Annotated[str, typer.Option(help="TrainingInstanceType of the stack.")] = TRAINING,
    endpoint: Annotated[str, typer.Option(help="EndpointInstanceType of the stack.")] = ENDPOINT,
    as_json: _Json = False,
) -> None:
    """Tell what a run would take and cost, and which limits it meets; exit 1 if none can be."""


def costs(
    month: Annotated[
        str | None, typer.Argument(metavar="[MONTH]", help="Such as 2026-11; else this one.")
    ] = None,
    idle_days: Annotated[
        int, typer.Option(min=1, max=455, help="Idle: not asked for so many days.")
    ] = 7,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Tell what a month cost: runs, endpoints, and those that nobody asks."""


def retry(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run or batch that failed.")],
    *,
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Resume a failed run or batch from where it failed: nothing before it is done again."""


def drift(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose champion.")],
    *,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Tell whether what is tagged is like what the champion was validated on; exit 3 if not."""


def device(
    action: Annotated[
        Literal["add", "remove"], typer.Argument(help="add: register; remove: revoke and forget.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The device's name.")],
    *,
    dataset: Annotated[str | None, typer.Option(help="Whose champion it runs.")] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Thing group it is updated with, as in dataset.yaml's edge.targets."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for its key and device.json.", show_default="NAME"),
    ] = None,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Register a device with AWS IoT and give it a certificate, or remove it again."""


def devices(
    dataset: Annotated[
        str | None, typer.Argument(metavar="[DATASET]", help="Whose devices; all without.")
    ] = None,
    *,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """List devices: what they run, the champion's version, when they were last heard of."""


def redeploy(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose champion.")],
    *,
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Bring a champion back whose endpoint failed, was deleted or serves something else."""


def rollback(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose champion.")],
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A former champion; else the one before."),
    ] = None,
    *,
    why: Annotated[
        str | None, typer.Option(help="The reason, kept with your name; without one you are asked.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Make a former champion serve again."""


def promote(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run that was evaluated.")],
    *,
    why: Annotated[str, typer.Option(help="The reason, kept with your name.")],
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Make a run the champion, whatever the gate said."""


def feedback(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Its name.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE…|RUN]",
            help="Images to correct; what --to-list or --to-ratings writes; whose doubts "
            "--suspects shows.",
            show_default="<list>.corrected.lst; the run judged last",
        ),
    ] = None,
    *,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="The FILEs have this label, too; may be repeated."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="They do not have this label; may be repeated."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="CSV",
            help="Corrections of many images: file,added,removed; | between labels.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    token_file: _Token = None,
    to_list: Annotated[
        bool, typer.Option("--to-list", help="Merge corrections into the newest list.")
    ] = False,
    to_ratings: Annotated[
        bool, typer.Option("--to-ratings", help="Write the newest ratings with clicks behind them.")
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="With --to-…: drop it, too, which retrains.")
    ] = False,
    suspects: Annotated[
        bool, typer.Option("--suspects", help="Show the rows whose labels the model doubts.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(help="With --suspects: their pictures, on a page.", dir_okay=False),
    ] = None,
    forget: Annotated[
        str | None,
        typer.Option(
            help="Delete the images kept of requests (sampled), or all of one image.",
            metavar="sampled|SHA256",
        ),
    ] = None,
    wait: _Wait = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Correct tags; show what was corrected; merge it into the newest list."""


def destroy(
    *,
    data: Annotated[
        bool,
        typer.Option(
            "--data", help="The data bucket too, with every list, image, run and model in it."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, and stop.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Delete a stack with its endpoints, models and alarms; its data only with --data."""


def tag(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose champion answers.")],
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Files, folders or s3:// URIs.")
    ],
    *,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Least score; each label's own threshold otherwise."),
    ] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="At most so many tags.")] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=64, help="Images asked for at a time.")
    ] = 4,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line an image.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print JSON, a line an image.")] = False,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="Write each image's tags beside it: x.png.tags.json.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for --csv or --jsonl.", dir_okay=False),
    ] = None,
    token_file: _Token = None,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Print the tags of images and of all images in folders, highest score first."""


def recommend(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Whose champion answers.")],
    *,
    user: Annotated[str | None, typer.Option(help="For this user, by what they rated.")] = None,
    items: Annotated[
        str | None,
        typer.Option(help="By these items, the newest last; commas between them."),
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="So many items.")] = 10,
    exclude_seen: Annotated[
        bool, typer.Option(help="Leave out what was rated, or is named.")
    ] = True,
    token_file: _Token = None,
    stack: _Stack = STACK,
    as_json: _Json = False,
) -> None:
    """Print what a dataset's champion recommends to a user, or by items; the best first."""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Whose script.")],
) -> None:
    """Print a shell's script for completion: `source <(tagline completion bash)`."""


_ALL = (
    *(demo, up, preflight, images, check, convert, drop, try_, runs, show, retry, redeploy),
    *(compare, watch, cancel, logs, rollback, promote, drift, estimate, costs, tag, recommend),
    *(feedback, device, devices, destroy, completion),
)
COMMANDS = {each.__name__.rstrip("_"): each for each in _ALL}  # `try` is a word of Python
