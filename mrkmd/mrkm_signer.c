// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private keys that sign rekey messages.  No libfrr in here, so that the unit
 * test needs none.
 */
#include <stdio.h>
#include <string.h>

#include "gikev2/gikev2_sign.h"
#include "mrkmd/mrkm_signer.h"

static bool same_key(const struct gikev2_key *a, const struct gikev2_key *b)
{
	return a && b ? gikev2_key_equal(a, b) : a == b;
}

/* What could not be read may be readable now, without a new date, and a token
 * that was away may be back. */
static bool is_settled(const struct mrkm_signer *signer)
{
	return signer->key ? !gikev2_key_failed(signer->key) : !signer->uri[0];
}

bool mrkm_signer_update(struct mrkm_signer *signer, const char *uri)
{
	bool other = strcmp(signer->uri, uri) != 0;
	struct gikev2_key *key = NULL;
	bool changed;

	if (other)
		memset(&signer->stamp, 0, sizeof(signer->stamp));
	snprintf(signer->uri, sizeof(signer->uri), "%s", uri);
	changed = uri[0] && gikev2_store_changed(uri, &signer->stamp);
	if (!other && !changed && is_settled(signer))
		return false;
	signer->problem[0] = '\0';
	if (uri[0])
		gikev2_store_private_key(uri, NULL, NULL, &key, signer->problem,
					 sizeof(signer->problem));
	changed = !same_key(key, signer->key);
	gikev2_key_free(signer->key);
	signer->key = key;
	return changed;
}

void mrkm_signer_fini(struct mrkm_signer *signer)
{
	gikev2_key_free(signer->key);
	memset(signer, 0, sizeof(*signer));
}
