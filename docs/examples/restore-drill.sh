#!/usr/bin/env bash
# Backs up the database of CRM_DATABASE_URL, restores it beside, proves the copy, and drops it again; the original is
# only read. Fails unless the copy has what was there at the moment of the dump. Needs pg_dump and psql of the server's
# version or newer, the build, and the right to create a database.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export source_url=${CRM_DATABASE_URL%%\?*}
copy=crm_restore_drill_$$
copy_url=${source_url%/*}/$copy
dump=$(mktemp)
export dump
trap 'rm -f "$dump"; psql -q "$source_url" -c "DROP DATABASE IF EXISTS $copy WITH (FORCE)"' EXIT

ask=(psql -qAt --set=ON_ERROR_STOP=1)
# Rows of each table, and the sums of money.
contents="SELECT format('SELECT %L, count(*) FROM crm.%I', relname, relname) FROM pg_class
  WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname \gexec
SELECT 'planned, incomes, expenses', sum(planned_amount), sum(incomes_total), sum(expenses_total) FROM crm.payments;"

# Dumped and counted in one snapshot: work may go on meanwhile.
original=$("${ask[@]}" "$source_url" <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv snapshot :snapshot
\! pg_dump --format=custom --file="\$dump" --snapshot="\$snapshot" "\$source_url"
$contents
SQL
)
echo "backed up: $(du -h "$dump" | cut -f1)"
"${ask[@]}" "$source_url" -c "CREATE DATABASE $copy"
pg_restore --exit-on-error --no-owner --dbname="$copy_url" "$dump"

restored=$("${ask[@]}" "$copy_url" <<<"$contents")
diff <(echo "$original") <(echo "$restored") || { echo "the copy is not the original: < original, > restored" >&2; exit 1; }
echo "$restored"
export CRM_DATABASE_URL=$copy_url
node dist/apps/cli/src/main.js migrate
node dist/apps/cli/src/main.js journal verify
