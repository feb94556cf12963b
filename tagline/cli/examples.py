"""Examples that each command's help ends with."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("tagline demo", "tagline demo --images 400 --keep", "tagline demo --ratings"),
    "up": ("tagline up", "tagline up --fresh --port 4600"),
    "preflight": ("tagline preflight --parameter ApiAuth=iam",),
    "images": ("tagline images push --dry-run",),
    "check": (
        "tagline check stickers.lst --labels labels.txt",
        "tagline check ratings.csv",
        "tagline check stickers.lst --images photos/ --sheet sheet.html",
    ),
    "convert": (
        "tagline convert tags.csv --tags-sep '|' -o stickers/",
        "tagline convert stickers.lst --labels labels.txt --to coco",
    ),
    "drop": (
        "tagline drop stickers stickers.lst --labels labels.txt --images photos/ --wait",
        "tagline drop pets --images folder-per-class/ --wait",
        "tagline drop films ratings.csv --items items.csv --wait",
    ),
    "recommend": (
        "tagline recommend films --user 42",
        "tagline recommend films --items 17,305 --top-k 5 --json",
    ),
    "try": ("tagline try stickers --set training.epochs=20 --set image.size=128 --wait",),
    "runs": ("tagline runs", "tagline runs stickers --limit 5 --json"),
    "show": (
        "tagline show stickers",
        "tagline show stickers-8d1c0a27e4b9f633 --open",
        "tagline show stickers-8d1c0a27e4b9f633 --rejects",
    ),
    "retry": ("tagline retry stickers-8d1c0a27e4b9f633 --wait",),
    "redeploy": ("tagline redeploy stickers --wait",),
    "compare": ("tagline compare stickers-8d1c0a27e4b9f633 stickers-0f4e2a91c7d3b586",),
    "watch": ("tagline watch stickers-8d1c0a27e4b9f633",),
    "cancel": ("tagline cancel stickers-8d1c0a27e4b9f633 --why 'the wrong list'",),
    "logs": (
        "tagline logs stickers-8d1c0a27e4b9f633 Train -f",
        "tagline logs stickers-8d1c0a27e4b9f633",
    ),
    "rollback": ("tagline rollback stickers --why 'it takes rings for circles'",),
    "promote": ("tagline promote stickers-8d1c0a27e4b9f633 --why 'rings matter' --wait",),
    "drift": ("tagline drift stickers --json",),
    "estimate": (
        "tagline estimate stickers.lst --settings dataset.yaml",
        "tagline estimate --images 1000000 --labels 334 --parameter FetchConcurrency=22",
        "tagline estimate --images 50000 --region eu-west-1",
    ),
    "costs": ("tagline costs", "tagline costs 2026-11 --json"),
    "tag": (
        "tagline tag stickers photo.png",
        "tagline tag stickers photos/ --csv -o tags.csv",
    ),
    "feedback": (
        "tagline feedback stickers",
        "tagline feedback stickers --to-list --drop --wait",
    ),
    "device": (
        "tagline device add belt-3 --dataset trash --group belts --out belt-3/",
        "tagline device remove belt-3",
    ),
    "devices": ("tagline devices", "tagline devices trash --json"),
    "destroy": ("tagline destroy --dry-run",),
    "completion": ("source <(tagline completion bash)",),
}


def epilogue(command: str) -> str | None:
    """Return how a command's help ends, its lines kept as they are; None without examples."""
    examples = EXAMPLES.get(command)
    if examples is None:
        return None
    return "\n".join(("\b", "Examples:", *(f"  {each}" for each in examples)))
