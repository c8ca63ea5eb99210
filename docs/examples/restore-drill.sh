#!/usr/bin/env bash
# Backs up the database of CRM_DATABASE_URL, restores it beside, proves the copy, and drops it again; the original is
# only read. Needs pg_dump and psql of the server's version or newer, the build, and the right to create a database.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

source_url=${CRM_DATABASE_URL%%\?*}
copy=crm_restore_drill_$$
copy_url=${source_url%/*}/$copy
dump=$(mktemp)
trap 'rm -f "$dump"; psql -q "$source_url" -c "DROP DATABASE IF EXISTS $copy WITH (FORCE)"' EXIT

counts() {
  psql -qAt "$1" -c "SELECT (SELECT count(*) FROM crm.deals), (SELECT count(*) FROM crm.journals),
    (SELECT count(*) FROM crm.event_log), (SELECT count(*) FROM crm.payments),
    (SELECT coalesce(sum(incomes_total), 0) FROM crm.payments)"
}

pg_dump --format=custom --file="$dump" "$source_url"
echo "backed up: $(du -h "$dump" | cut -f1)"
psql -q "$source_url" -c "CREATE DATABASE $copy"
pg_restore --exit-on-error --no-owner --dbname="$copy_url" "$dump"

echo "deals|journal entries|events|payments|incomes"
echo "$(counts "$source_url")  now"
echo "$(counts "$copy_url")  restored"
export CRM_DATABASE_URL=$copy_url
node dist/apps/cli/src/main.js migrate
node dist/apps/cli/src/main.js journal verify
