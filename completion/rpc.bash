# Completion of rpc(1) for bash. Commands, rules and sections are asked of rpc itself, so that this
# file need not know them.

_rpc_commands() {
    rpc --help 2>/dev/null | awk '/^Commands:/ { on = 1; next } on && NF == 0 { exit } on { print $1 }'
}

_rpc_options() {
    rpc "$1" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

_rpc() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_rpc_commands) help --help --version" -- "$current")
        return
    fi
    case $previous in
    --format | -f)
        local formats='text json'
        [ "$command" = graph ] && formats='dot svg'
        [ "$command" = lint ] && formats='text json sarif github checkstyle junit'
        mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$current")
        return
        ;;
    --fail-on | -F)
        mapfile -t COMPREPLY < <(compgen -W 'error warning info note none' -- "$current")
        return
        ;;
    --select | -s | --ignore | -i)
        [ "$command" = lint ] || return
        mapfile -t COMPREPLY < <(compgen -W "$(rpc explain 2>/dev/null | awk '{ print $1 }')" -- "$current")
        return
        ;;
    --key | -k)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.pem' -- "$current"; compgen -d -- "$current")
        return
        ;;
    --method | -X)
        mapfile -t COMPREPLY < <(compgen -W 'GET HEAD POST PUT PATCH DELETE OPTIONS' -- "$current")
        return
        ;;
    --tls-profile)
        mapfile -t COMPREPLY < <(compgen -W 'modern intermediate old' -- "$current")
        return
        ;;
    --file | --junit | --config | --baseline)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --header | -H | --from | --to | --body-size | --now | --nginx-version)
        return
        ;;
    --prefix | -p)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    esac
    case $current in
    -*)
        mapfile -t COMPREPLY < <(compgen -W "$(_rpc_options "$command")" -- "$current")
        return
        ;;
    esac
    case $command in
    explain)
        mapfile -t COMPREPLY < <(compgen -W "$(rpc explain 2>/dev/null | awk '{ print $1 }')" -- "$current")
        ;;
    help)
        mapfile -t COMPREPLY < <(compgen -W "$(_rpc_commands)" -- "$current")
        ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    esac
}

complete -o filenames -F _rpc rpc
