#!/usr/bin/env bash
# compiler_hash_test: two builds of ledgersim must run the same seeds to the same trace hashes, and
# explore the same crashes.
set -euo pipefail

if [[ $# -ne 2 ]]; then
    echo "usage: compiler_hash_test.sh LEDGERSIM OTHER_LEDGERSIM" >&2
    exit 2
fi
one=$1
other=$2
root=$(cd "$(dirname "$0")/../.." && pwd)

if [[ ! -x $other ]]; then
    echo "skipped: $other is not built (cmake --preset clang && cmake --build --preset clang --target ledgersim)"
    exit 77
fi

# trace_hash LEDGERSIM SEED: the hash of one run; a run that is not ok has one as well.
trace_hash() {
    local status=0 output
    output=$("$1" run --seed "$2" --json) || status=$?
    if [[ $status -ne 0 && $status -ne 1 && $status -ne 3 ]]; then
        echo "$1 run --seed $2: exit code $status" >&2
        return 1
    fi
    sed -n 's/.*"trace_hash": *"\([0-9a-f]\{1,\}\)".*/\1/p' <<<"$output" | head -1
}

different=0
distinct=()
for seed in $(seq 1 20); do
    here=$(trace_hash "$one" "$seed")
    there=$(trace_hash "$other" "$seed")
    if [[ -z $here || -z $there ]]; then
        echo "seed $seed: no trace_hash in the output"
        different=$((different + 1))
    elif [[ $here != "$there" ]]; then
        echo "seed $seed: $here ($one) but $there ($other)"
        different=$((different + 1))
    fi
    distinct+=("$here")
done

# counts LEDGERSIM: what the crash explorer covers and boots; times differ.
counts() {
    "$1" crash-explore --seeds 1..10 --json | sed 's/"[a-z]*_per_second":[0-9]*,//g; s/,"cpu_seconds.*//'
}
here=$(counts "$one")
there=$(counts "$other")
if [[ -z $here || $here != "$there" ]]; then
    echo "crash-explore: $here ($one) but $there ($other)"
    different=$((different + 1))
fi

# A hash that ignored the run would be equal everywhere.
if [[ $(printf '%s\n' "${distinct[@]}" | sort -u | wc -l) -ne 20 ]]; then
    echo "20 seeds do not have 20 different hashes"
    different=$((different + 1))
fi
if [[ $different -ne 0 ]]; then
    stale=$(find "$root"/{log,raft,node,sim} '(' -name '*.h' -o -name '*.cpp' ')' -newer "$other" \
        -print -quit)
    if [[ -n $stale ]]; then
        echo "note: $stale is newer than $other; build both before believing this"
    fi
    exit 1
fi
echo "20 seeds, equal trace hashes; 10 seeds, the same crashes"
