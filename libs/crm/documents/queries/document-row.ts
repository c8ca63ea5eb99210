/** The columns of a link as the API shows them: a row selected by them is a `DocumentLinkView`. */
export const DOCUMENT_COLUMNS = 'id, owner_type, owner_id, document_id, title, created_by_id, created_at';
