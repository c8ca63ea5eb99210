/** The columns of a client as the API shows them: a row selected by them is a `ClientView`. */
export const CLIENT_COLUMNS = `c.id, c.name, c.kind, c.email, c.phone, c.tax_id, c.status, c.owner_id, c.merged_into_id,
  c.version, c.is_deleted, c.created_at, c.updated_at`;
