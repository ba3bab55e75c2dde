// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an engine needs for one message at a time: buffers, and OpenSSL's
 * algorithms and contexts.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"

struct gikev2_scratch *gikev2_scratch_new(void)
{
	struct gikev2_scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return NULL;
	scratch->crypto = gikev2_crypto_new();
	if (!scratch->crypto) {
		free(scratch);
		return NULL;
	}
	return scratch;
}

void gikev2_scratch_free(struct gikev2_scratch *scratch)
{
	if (!scratch)
		return;
	gikev2_crypto_free(scratch->crypto);
	explicit_bzero(scratch, sizeof(*scratch));
	free(scratch);
}
