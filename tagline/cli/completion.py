"""`tagline completion`: what makes a shell complete commands, options, datasets and runs."""

import typer

_SCRIPTS = {
    "bash": """\
_tagline() {
    local IFS=$'\\n'
    COMPREPLY=($("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tagline tagline
""",
    "zsh": """\
#compdef tagline
_tagline() {
    local -a found
    found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _tagline tagline
""",
    "fish": """\
function __tagline
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tagline -a '(__tagline)'
""",
}


def completion(shell: str) -> None:
    """Print a shell's script, which asks `tagline __complete` (tagline/cli/completing.py)."""
    typer.echo(_SCRIPTS[shell], nl=False)
