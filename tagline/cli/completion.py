"""`tagline completion`: what makes a shell complete commands, options, datasets and runs.

Each script hands the words so far to `tagline __complete` (tagline/cli/completing.py) and offers
files where that has nothing to say.
"""

import typer

_SCRIPTS = {
    # bash has cut the words at = and :, and replaces what stands behind the last of these alone
    "bash": """\
_tagline() {
    local IFS=$'\\n' word last words=() at=-1 found
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $at -ge 0 && ( $word == [=:]* || ${words[at]} == *[=:] ) ]]; then
            words[at]+=$word
        else
            words[at += 1]=$word
        fi
    done
    last=${COMP_WORDS[COMP_CWORD]}
    if [[ $last == [=:]* ]]; then last=; fi
    found=($("$1" __complete "${words[@]}" 2>/dev/null))
    COMPREPLY=("${found[@]#"${words[at]%"$last"}"}")
    if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi  # a value follows
}
complete -o default -F _tagline tagline
""",
    # as `source <(…)`, where compinit may not have run yet, or as a file _tagline in $fpath
    "zsh": """\
#compdef tagline
_tagline() {
    local -a found
    found=("${(@f)$(${~words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ "${found[1]}" == *= ]]; then
        compadd -S '' -- "${found[@]}"
    elif [[ -n "${found[1]}" ]]; then
        compadd -- "${found[@]}"
    else
        compset -P '--*='
        _files
    fi
}
if [[ "${funcstack[1]}" == _tagline ]]; then
    _tagline "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }
    compdef _tagline tagline
fi
""",
    "fish": """\
function __tagline
    set -l words (commandline -opc)
    set -l part (commandline -ct)
    set -l found ($words[1] __complete $words[2..] "$part" 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        set -l option (string match -r -- '^--[^=]*=' "$part")
        set -l files (__fish_complete_path (string replace -- "$option" '' "$part"))
        set -q files[1]; and printf '%s\\n' "$option"$files
    end
end
complete -c tagline -f -a '(__tagline)'
""",
}


def completion(shell: str) -> None:
    """Print a shell's script."""
    typer.echo(_SCRIPTS[shell], nl=False)
