# SPDX-License-Identifier: Apache-2.0
# Completion of kseg for bash. The shell's own functions suffice; bash-completion only has to load this file.

# shellcheck disable=SC2207  # words here hold no blanks
_kseg() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command='' i
    local commands='decode index pack query recrc serve wal-append'
    local global='--version -h --help -q --quiet -v --verbose --color --progress --no-progress'

    # "--format=x" reaches us as three words.
    if [[ $current == '=' ]]; then
        current=''
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ " $commands " == *" $word "* ]]; then
            command=$word
            break
        fi
    done

    COMPREPLY=()
    case $previous in
    --color)
        COMPREPLY=($(compgen -W 'auto always never' -- "$current"))
        return
        ;;
    esac
    case $command in
    '')
        COMPREPLY=($(compgen -W "$commands $global" -- "$current"))
        ;;
    decode)
        _kseg_decode
        ;;
    query)
        _kseg_query
        ;;
    pack)
        _kseg_pack
        ;;
    recrc)
        _kseg_recrc
        ;;
    index)
        _kseg_index
        ;;
    serve)
        _kseg_serve
        ;;
    wal-append)
        _kseg_wal_append
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_decode() {
    local options='-o --output --overwrite -f --format --json --bytes --batches --summary --hexdump --offsets --since
        --until --limit --key --follow --shallow --damaged --max-batch-bytes --input -j --jobs'
    case $previous in
    -f | --format)
        COMPREPLY=($(compgen -W 'text jsonl raw' -- "$current"))
        ;;
    --bytes)
        COMPREPLY=($(compgen -W 'auto utf8 base64 hex' -- "$current"))
        ;;
    --input)
        COMPREPLY=($(compgen -W 'auto raw hex base64' -- "$current"))
        ;;
    --offsets | --since | --until | --limit | --key | --max-batch-bytes | -j | --jobs) ;;
    -o | --output)
        compopt -o default 2>/dev/null
        ;;
    *)
        if [[ $current == -* ]]; then
            COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        else
            compopt -o default 2>/dev/null
        fi
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_query() {
    local options='--store --s3-endpoint --wal --topic --topic-id --partition --match --offsets --since --until --limit --control
        --count --explain -o --output --overwrite -f --format --json --bytes'
    case $previous in
    -f | --format)
        COMPREPLY=($(compgen -W 'text jsonl raw' -- "$current"))
        ;;
    --bytes)
        COMPREPLY=($(compgen -W 'auto utf8 base64 hex' -- "$current"))
        ;;
    --s3-endpoint | --topic | --topic-id | --partition | --match | --offsets | --since | --until | --limit) ;;
    --store | --wal | -o | --output)
        compopt -o default 2>/dev/null
        ;;
    *)
        COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_recrc() {
    local options='-n --dry-run -o --output --overwrite --in-place --no-backup --trust-body --force --salvage --rejects
        --max-batch-bytes --canonical --codec --leader-epoch --base-offset -f --format --json'
    case $previous in
    -f | --format)
        COMPREPLY=($(compgen -W 'text jsonl' -- "$current"))
        ;;
    --codec)
        COMPREPLY=($(compgen -W 'none gzip snappy lz4 zstd' -- "$current"))
        ;;
    --max-batch-bytes | --leader-epoch | --base-offset) ;;
    -o | --output | --rejects)
        compopt -o default 2>/dev/null
        ;;
    *)
        if [[ $current == -* ]]; then
            COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        else
            compopt -o default 2>/dev/null
        fi
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_index() {
    local options='-o --output --topic --partition --fields --json-values -j --jobs --watch'
    case $previous in
    --topic | --partition | --fields | -j | --jobs) ;;
    -o | --output)
        compopt -o default 2>/dev/null
        ;;
    *)
        if [[ $current == -* ]]; then
            COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        else
            compopt -o default 2>/dev/null
        fi
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_pack() {
    local options='--store --s3-endpoint --format --log-dir --topic-id -n --dry-run -j --jobs --list --verify --deep --extract
        --overwrite --remove --json --watch'
    case $previous in
    --format)
        COMPREPLY=($(compgen -W 'tar.gz tar.zst' -- "$current"))
        ;;
    --s3-endpoint | --topic-id | -j | --jobs) ;;
    --store | --log-dir | --extract)
        compopt -o default 2>/dev/null
        ;;
    *)
        if [[ $current == -* ]]; then
            COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        else
            compopt -o default 2>/dev/null
        fi
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_wal_append() {
    local options='--wal --topic --partition --input --key-separator --keep-offsets --codec --batch-bytes --linger-ms --sync
        --segment-bytes --segment-age --seal --ack --verify --recovery'
    case $previous in
    --input)
        COMPREPLY=($(compgen -W 'auto batches lines jsonl' -- "$current"))
        ;;
    --codec)
        COMPREPLY=($(compgen -W 'none gzip snappy lz4 zstd' -- "$current"))
        ;;
    --recovery)
        COMPREPLY=($(compgen -W 'tail strict point-in-time salvage' -- "$current"))
        ;;
    --topic | --partition | --key-separator | --batch-bytes | --linger-ms | --sync | --segment-bytes | --segment-age) ;;
    --wal)
        compopt -o default 2>/dev/null
        ;;
    *)
        if [[ $current == -* ]]; then
            COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        else
            compopt -o default 2>/dev/null
        fi
        ;;
    esac
}

# Uses _kseg's locals.
_kseg_serve() {
    local options='--data --listen --advertise --topic --no-auto-create --default-partitions --sync --segment-bytes
        --segment-age --retention-bytes --retention-age --read-only --store --s3-endpoint --port-file'
    case $previous in
    --listen | --advertise | --topic | --default-partitions | --sync | --segment-bytes | --segment-age | --retention-bytes | \
        --retention-age | --s3-endpoint) ;;
    --data | --store | --port-file)
        compopt -o default 2>/dev/null
        ;;
    *)
        COMPREPLY=($(compgen -W "$options $global" -- "$current"))
        ;;
    esac
}

complete -F _kseg kseg
