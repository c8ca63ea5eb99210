#!/usr/bin/env bash
# Backs up the database of CRM_DATABASE_URL, restores it into a database beside it, compares the two and drops the copy.
# The original is only read. Fails unless the copy equals the original at the time of the dump.
# Needs psql, pg_dump and pg_restore of the server's version or newer, the build, and a role that may create a database.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

stop() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Prints the environment of libpq for a database URL. In the environment the password is in no process's arguments.
libpq_settings() {
  node -e '
    const url = new URL(process.env.CRM_DATABASE_URL);
    const settings = {
      PGHOST: url.searchParams.get("host") ?? url.hostname.replace(/^\[|\]$/g, ""),
      PGPORT: url.searchParams.get("port") ?? url.port,
      PGUSER: url.username,
      PGPASSWORD: url.password,
      PGDATABASE: url.pathname.slice(1),
      PGSSLMODE: url.searchParams.get("sslmode"),
    };
    const quoted = (text) => "\x27" + decodeURIComponent(text).replaceAll("\x27", "\x27\\\x27\x27") + "\x27";
    for (const [name, value] of Object.entries(settings)) if (value) console.log(`export ${name}=${quoted(value)}`);
  '
}

[[ -n ${CRM_DATABASE_URL:-} ]] || stop 'CRM_DATABASE_URL is not set.'
for tool in psql pg_dump pg_restore; do
  command -v "$tool" >/dev/null || stop "$tool is not installed: install the client tools of PostgreSQL."
done
settings=$(libpq_settings)
eval "$settings"
ask=(psql --no-psqlrc -qAt --set=ON_ERROR_STOP=1)

# pg_dump refuses a newer server only after it has connected, and an older pg_restore fails in the middle.
version=$("${ask[@]}" -c 'SHOW server_version_num')
server=$((version / 10000))
for tool in psql pg_dump pg_restore; do
  [[ $("$tool" --version) =~ ([0-9]+) ]] || stop "$tool does not say its version."
  if ((BASH_REMATCH[1] < server)); then
    stop "$tool ${BASH_REMATCH[1]} is older than the server ($server): install the client tools of PostgreSQL $server."
  fi
done

copy=crm_restore_drill_$$
is_copied=false
work=$(mktemp -d)
export dump=$work/dump
tidy() {
  rm -rf "$work"
  if $is_copied; then "${ask[@]}" -c "DROP DATABASE $copy WITH (FORCE)"; fi
}
trap tidy EXIT

# Rows of each table, and the sums of money.
contents="SELECT format('SELECT %L, count(*) FROM crm.%I', relname, relname) FROM pg_class
  WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname \gexec
SELECT 'planned, incomes, expenses', sum(planned_amount), sum(incomes_total), sum(expenses_total) FROM crm.payments;"

# Dumps and counts in one snapshot, so that requests may continue meanwhile. psql does not see the failure of a shell
# command: the dump gets its final name only when it is complete.
original=$("${ask[@]}" <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv snapshot :snapshot
\! pg_dump --format=custom --file="\$dump.part" --snapshot="\$snapshot" && mv "\$dump.part" "\$dump"
$contents
SQL
)
[[ -s $dump ]] || stop 'The dump failed: nothing was restored.'
echo "backed up: $(du -h "$dump" | cut -f1)"
"${ask[@]}" -c "CREATE DATABASE $copy"
is_copied=true
pg_restore --exit-on-error --no-owner --dbname="$copy" "$dump"

restored=$(PGDATABASE=$copy "${ask[@]}" <<<"$contents")
diff <(echo "$original") <(echo "$restored") || stop 'The copy differs: < original, > restored'
echo "$restored"
CRM_DATABASE_URL=$(node -e '
  const url = new URL(process.env.CRM_DATABASE_URL);
  url.pathname = process.argv[1];
  console.log(url.href);
' "$copy")
export CRM_DATABASE_URL
node dist/apps/cli/src/main.js migrate
node dist/apps/cli/src/main.js journal verify
