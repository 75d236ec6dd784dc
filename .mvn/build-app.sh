# Sourced by gatun: builds java/app when a source is newer than the last build. Each build's jars
# are copied to a folder of their own, because Maven overwrites jars in place, which would pull
# classes from under a training that is still running on them.
app_target=$root/java/app/target
app_stamp=$app_target/gatun.build

# Prints the first source that is newer than the last build. Folders count too: their time tells of
# a deleted or renamed file.
app_newer_source() {
  (cd "$root" && find pom.xml bindings/pom.xml kernels/pom.xml java/engine/pom.xml \
    java/app/pom.xml bindings/src/main kernels/src/main java/engine/src/main java/app/src/main \
    -newer "$app_stamp" 2>/dev/null | head -n 1)
}

# Sets app_lib to the jars of the last build; fails when there is none.
app_built() {
  { read -r app_build < "$app_stamp"; } 2>/dev/null || return 1
  app_lib=$app_target/$app_build
  [ -d "$app_lib" ]
}

app_is_current() {
  app_built && [ -z "$(app_newer_source)" ]
}

# Runs under the lock.
app_build_locked() {
  app_is_current && return 0
  echo "gatun: building (once, and after a source has changed)" >&2
  mkdir -p "$app_target" || return 1
  app_new=$app_target/run/$(date +%Y%m%d-%H%M%S)-$$
  rm -rf "$app_target/lib"   # a dependency that was dropped or renamed must not linger
  # Made before the build reads a source, so that an edit during the build counts as newer.
  echo "run/${app_new##*/}" > "$app_stamp.new" || return 1
  if ! "$root/mvnw" -B -q -f "$root/pom.xml" -pl java/app -am -Dmaven.test.skip=true package \
    > "$app_target/gatun-build.log" 2>&1; then
    cat "$app_target/gatun-build.log" >&2
    echo "gatun: the build failed; its log is above and in $app_target/gatun-build.log" >&2
    return 1
  fi
  mkdir -p "$app_new" && cp -R "$app_target"/lib/. "$app_new/" || return 1
  app_archive >> "$app_target/gatun-build.log" 2>&1
  mv "$app_stamp.new" "$app_stamp" || return 1
  # Two earlier builds stay, for processes that still run on them.
  ls -1d "$app_target"/run/* | sort -r | tail -n +4 | while read -r app_old; do
    rm -rf "$app_old"
  done
}

# Keeps the classes of a short training as the JVM wants them, which spares each start 0.1 s. A
# start without the archive, or on another JVM, only takes that longer.
app_archive() {
  "$JAVA_HOME/bin/java" -XX:ArchiveClassesAtExit="$app_new/gatun.jsa" \
    --enable-native-access=dev.gatun.bindings --illegal-native-access=deny \
    -cp "$app_new/class-path/*" -p "$app_new" -m dev.gatun.app/dev.gatun.app.Main \
    train "$root/examples/sunspots.yaml" --set train.epochs=1 --run "$app_new/warm-up"
  rm -rf "$app_new/warm-up"
}

app_build() {
  app_is_current && return 0
  if [ -d "$app_target" ] && [ ! -w "$app_target" ] || [ ! -w "$root" ]; then
    app_built && return 0
    echo "gatun: not built yet, and $root is not writable: run ./gatun there once as its owner" >&2
    return 1
  fi
  mkdir -p "$root/target" || return 1
  # flock is missing on macOS; Java takes a lock as safely, but a second later.
  if command -v flock > /dev/null; then
    flock "$root/target/gatun.lock" sh "$root/gatun" --build-under-lock
  else
    "$JAVA_HOME/bin/java" "$root/.mvn/Locked.java" "$root/target/gatun.lock" \
      sh "$root/gatun" --build-under-lock
  fi && app_built
}
