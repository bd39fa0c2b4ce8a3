# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For tests/run and tests/demo: Debian packages and builds. The caller stands in the project's top directory.

JOBS=2

BUILD_PACKAGES=(cmake ninja-build g++ pkg-config libisal-dev libcli11-dev libfmt-dev nlohmann-json3-dev libdeflate-dev
    libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev libarchive-dev libcurl4-openssl-dev libssl-dev liblucene++-dev
    libboost-dev libutf8proc-dev)
TEST_PACKAGES=(python3 doctest-dev clang clang-format clang-tidy libclang-rt-14-dev mandoc zstd lz4 libarchive-tools ccache
    git sqlite3 ripgrep kcat valgrind)

# missing_packages [PACKAGE...]: those (by default: all) that are not installed, a line each.
missing_packages() {
    local package
    (($# > 0)) || set -- "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

# install_missing ALLOWED [PACKAGE...]: installs what is missing, or says what is and goes on.
install_missing() {
    local allowed=$1 packages sudo=()
    shift
    mapfile -t packages < <(missing_packages "$@")
    ((${#packages[@]} > 0)) || return 0
    if [[ $(id -u) -ne 0 ]] && sudo -n true 2>/dev/null; then
        sudo=(sudo -n)
    elif [[ $(id -u) -ne 0 ]]; then
        allowed=0
    fi
    if ((allowed)) && command -v apt-get >/dev/null; then
        echo "installing ${packages[*]}" >&2
        if "${sudo[@]}" apt-get -qq update >&2 &&
            "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
                "${packages[@]}" </dev/null >&2; then
            return 0
        fi
        echo 'error: apt-get could not install them' >&2
        return 0
    fi
    echo "missing packages: ${packages[*]}" >&2
    echo "to install them: apt-get install ${packages[*]}" >&2
}

# build_preset PRESET TARGETS [CMAKE OPTION...]: configures, and builds targets, one or several words, in build/PRESET.
# What cmake says while it configures is shown only when it fails.
build_preset() {
    local preset=$1 targets log
    read -r -a targets <<<"$2"
    shift 2
    # By the environment, which counts only where nothing is configured yet: setting it later would build all anew.
    if command -v ccache >/dev/null; then
        export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
        # Two checkouts of the same sources share what was compiled.
        export CCACHE_BASEDIR=${CCACHE_BASEDIR-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-1}
    fi
    echo "== build $preset"
    log=$(mktemp)
    if ! cmake --preset "$preset" "$@" >"$log" 2>&1 </dev/null; then
        cat "$log"
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
    cmake --build --preset "$preset" --parallel "$JOBS" --target "${targets[@]}" </dev/null
}
