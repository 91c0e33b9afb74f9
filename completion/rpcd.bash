# Completion of rpcd(8) for bash.

_rpcd() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $previous in
    -s)
        mapfile -t COMPREPLY < <(compgen -W 'stop quit reload reopen' -- "$current")
        return
        ;;
    --require-signature)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.pem' -- "$current"; compgen -d -- "$current")
        return
        ;;
    -p)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    esac
    case $current in
    -*)
        mapfile -t COMPREPLY < <(compgen -W '-t -p -e -s --reload --require-signature --version --help' -- "$current")
        ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.rpt' -- "$current"; compgen -d -- "$current")
        ;;
    esac
}

complete -o filenames -F _rpcd rpcd
