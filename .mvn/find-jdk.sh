# Sourced by gatun, mvnw and .ci/run: finds a JDK of at least this version and exports it as
# JAVA_HOME; fails when there is none. GATUN_JDK_DIRS (colon-separated) replaces the usual folders.
jdk_needed=25

# Prints the feature version of the JDK in folder $1; fails for a JRE, a stub or no JDK at all.
jdk_feature() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
  jdk_feature=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null)
  [ -n "$jdk_feature" ] ||
    jdk_feature=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  [ -n "$jdk_feature" ] && echo "$jdk_feature"
}

jdk_is_new_enough() {
  jdk_found=$(jdk_feature "$1") && [ "$jdk_found" -ge "$jdk_needed" ]
}

# Prints the folder that the java on PATH belongs to.
jdk_on_path() {
  jdk_java=$(command -v java) || return 1
  while [ -L "$jdk_java" ]; do
    jdk_link=$(readlink "$jdk_java")
    case $jdk_link in
      /*) jdk_java=$jdk_link ;;
      *) jdk_java=$(dirname "$jdk_java")/$jdk_link ;;
    esac
  done
  (cd "$(dirname "$jdk_java")/.." 2>/dev/null && pwd -P)
}

# Prints the usual places, one per line.
jdk_places() {
  if [ -n "${GATUN_JDK_DIRS:-}" ]; then
    echo "$GATUN_JDK_DIRS" | tr ':' '\n'
    return
  fi
  for jdk_place in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/java/* /opt/jdk* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    "${HOME:-/}"/.sdkman/candidates/java/* "${HOME:-/}"/.jdks/* \
    "${HOME:-/}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-/}"/.local/share/mise/installs/java/* "${HOME:-/}"/.asdf/installs/java/*; do
    [ -d "$jdk_place/bin" ] && echo "$jdk_place"
  done
}

# The user's own choice first; else the lowest version that will do, the one most tested.
find_jdk() {
  for jdk_home in "${JAVA_HOME:-}" "${JDK_HOME:-}" "$(jdk_on_path)"; do
    if [ -n "$jdk_home" ] && jdk_is_new_enough "$jdk_home"; then
      JAVA_HOME=$jdk_home
      export JAVA_HOME
      return 0
    fi
  done
  jdk_best=
  jdk_list=$(jdk_places)
  while read -r jdk_home; do
    if jdk_is_new_enough "$jdk_home" &&
      { [ -z "$jdk_best" ] || [ "$jdk_found" -lt "$jdk_best" ]; }; then
      jdk_best=$jdk_found
      JAVA_HOME=$jdk_home
    fi
  done <<EOF
$jdk_list
EOF
  [ -n "$jdk_best" ] && export JAVA_HOME
}

jdk_missing="needs a JDK $jdk_needed or newer and found none: install one (Eclipse Temurin $jdk_needed, or your system's openjdk-$jdk_needed-jdk), then put it on PATH or set JAVA_HOME"
