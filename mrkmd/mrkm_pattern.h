// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Patterns of identities: a domain and all in it, the mailboxes of a domain,
 * the addresses of a prefix, distinguished names with asterisks.
 *
 * A pattern is kept in a struct gikev2_id, with its text in the place of the
 * identity's octets.
 */
#ifndef MRKM_PATTERN_H
#define MRKM_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "gikev2/gikev2.h"

/* Is that a pattern, as the configuration writes type and value? */
bool mrkm_pattern_is(const char *type, const char *value);

/* False: it is malformed. */
bool mrkm_pattern_read(const char *type, const char *value,
		       struct gikev2_id *pattern);

bool mrkm_pattern_match(const struct gikev2_id *pattern,
			const struct gikev2_id *id);

/* How exact it is: of two that match the higher one wins. */
int mrkm_pattern_rank(const struct gikev2_id *pattern);

#endif /* MRKM_PATTERN_H */
