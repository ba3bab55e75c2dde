// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private keys that sign rekey messages.
 */
#ifndef MRKM_SIGNER_H
#define MRKM_SIGNER_H

#include <stdbool.h>

#include "gikev2/gikev2_store.h"

#define MRKM_URI_SIZE 256

/* What signs a group's rekey messages. */
struct mrkm_signer {
	char uri[MRKM_URI_SIZE]; /* that it was read from; empty: nothing */
	struct gikev2_key *key;	 /* NULL: it could not be read */
	struct gikev2_store_stamp stamp;
	char problem[GIKEV2_PROBLEM_MAX]; /* why not */
};

/*
 * Reads the key anew if the URI is another, the file has changed, or the key
 * failed to sign.  True when the key is another than before, or there is none any
 * more.
 */
bool mrkm_signer_update(struct mrkm_signer *signer, const char *uri);

void mrkm_signer_fini(struct mrkm_signer *signer);

#endif /* MRKM_SIGNER_H */
