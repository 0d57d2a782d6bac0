#!/usr/bin/env bash
# Builds the engines that judge what no package of Debian does: Loki, Jaeger, the OpenTelemetry Collector, each pinned.
#
#   tools/build-engines.sh [loki] [jaeger] [collector]     all three by default; what is there already is kept
#
# Binaries go to $WATCHKEEPER_ENGINES/bin, or to watchkeeper/engines/bin below the user's cache: outside the checkout, so
# that all checkouts share them. They are for tests: Loki's licence (AGPL) lets us run it, and nothing here is shipped.
# Go 1.26, git and about 16 GB for its caches are needed; from cold it takes both of two cores for 16 minutes, and 2.4 GB
# of memory at the peak.
#
# Everything comes with the ordinary Go client, checksums on, with one exception to know of: the public checksum database
# lacks several modules that Jaeger needs. They are checked against the go.sum inside Jaeger's own module instead.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${WATCHKEEPER_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/watchkeeper/engines}/bin
export GOFLAGS="-buildvcs=false -trimpath"

LOKI=v3.7.8
JAEGER=v1.76.0 # the commit of v2.13.0; tags of version 2 are no valid versions of the module
COLLECTOR=v0.145.0

say() { printf 'engines: %s\n' "$*"; }

missing() {
    for name in "$@"; do
        [ -x "$target/$name" ] || return 0
    done
    return 1
}

# A main module of our own, because `go install` refuses modules that replace others.
module() {
    local folder=$1 requirement=$2
    shift 2
    {
        printf 'module example.local/engine\n\ngo 1.26\n\nrequire %s\n' "$requirement"
        cat
    } >"$folder/go.mod"
    {
        printf '//go:build tools\n\npackage tools\n\nimport (\n'
        printf '\t_ "%s"\n' "$@"
        printf ')\n'
    } >"$folder/tools.go"
}

# Aside first: a build that is killed leaves no half a binary behind.
compile() {
    local folder=$1 name=$2 package=$3
    say "building $name"
    (cd "$folder" && nice go build -o "$target/.$name" "$package")
    mv "$target/.$name" "$target/$name"
}

build_loki() {
    local folder=$1 base=github.com/grafana/loki/v3/cmd
    module "$folder" "github.com/grafana/loki/v3 $LOKI" "$base/loki" "$base/lokitool" "$base/logcli" <<'REPLACE'

// as in Loki's own go.mod, which does not count for whoever requires it
replace (
	github.com/Azure/azure-sdk-for-go => github.com/Azure/azure-sdk-for-go v68.0.0+incompatible
	github.com/Azure/azure-storage-blob-go => github.com/MasslessParticle/azure-storage-blob-go v0.14.1-0.20240322194317-344980fda573
	github.com/gocql/gocql => github.com/grafana/gocql v0.0.0-20200605141915-ba5dc39ece85
	github.com/grafana/regexp => github.com/grafana/regexp v0.0.0-20240518133315-a468a5bfb3bc
	github.com/hashicorp/memberlist => github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86
	github.com/influxdata/go-syslog/v3 => github.com/leodido/go-syslog/v4 v4.3.0
	github.com/thanos-io/objstore => github.com/grafana/objstore v0.0.0-20250728171719-b5d3b766d1b0
)
REPLACE
    (cd "$folder" && go mod tidy -e)
    for name in loki lokitool logcli; do compile "$folder" "$name" "$base/$name"; done
}

build_jaeger() {
    local folder=$1 base=github.com/jaegertracing/jaeger sums
    module "$folder" "$base $JAEGER" "$base/cmd/jaeger" "$base/cmd/es-rollover" "$base/cmd/es-index-cleaner" <<'REPLACE'

replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0
REPLACE
    sums=$(cd "$folder" && go mod download -json "$base@$JAEGER" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
    cp "$sums/go.sum" "$folder/go.sum"
    chmod u+w "$folder/go.sum"
    (cd "$folder" && go mod tidy -e)
    compile "$folder" jaeger "$base/cmd/jaeger"
    compile "$folder" jaeger-es-rollover "$base/cmd/es-rollover"
    compile "$folder" jaeger-es-index-cleaner "$base/cmd/es-index-cleaner"
}

build_collector() {
    local folder=$1
    say "building otelcol"
    cp "$here/otelcol-0.145.yaml" "$folder/manifest.yaml"
    (
        cd "$folder"
        GOBIN=$folder go install "go.opentelemetry.io/collector/cmd/builder@$COLLECTOR"
        nice ./builder --config manifest.yaml
    )
    mv "$folder/out/otelcol" "$target/otelcol"
}

command -v go >/dev/null || { say "go is missing; Debian's is too old: see https://go.dev/doc/install" >&2; exit 1; }
mkdir -p "$target"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for engine in "${@:-loki jaeger collector}"; do
    for each in $engine; do
        mkdir -p "$scratch/$each"
        case $each in
        loki) if missing loki lokitool logcli; then build_loki "$scratch/loki"; fi ;;
        jaeger)
            if missing jaeger jaeger-es-rollover jaeger-es-index-cleaner; then build_jaeger "$scratch/jaeger"; fi
            ;;
        collector) if missing otelcol; then build_collector "$scratch/collector"; fi ;;
        *)
            say "no engine is called $each; there are loki, jaeger and collector" >&2
            exit 2
            ;;
        esac
    done
done
say "in $target: $(cd "$target" && echo *)"
