// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The certificates that members of this key server registered with: when a CRL
 * changes, and every hour, they are looked at again.  Who has a revoked one is
 * excluded; where one has expired the registration ends, and its member may come
 * with the one after it.  They are kept with the key server's state.
 */
#ifndef MRKM_REVOKE_H
#define MRKM_REVOKE_H

#include "gikev2/gikev2_cert.h"

struct mrkm_ks_group;

/* The engine's callback: `peer` proved its identity by these, or by none. */
void mrkm_revoke_proven(const struct gikev2_id *peer,
			const struct gikev2_chunk *certs, size_t count);

/* In the engine's authorize(): did `peer` prove its identity by certificates that
 * lead to that trust anchor? */
bool mrkm_revoke_leads_to(const struct gikev2_id *peer, const char *anchor);

/* There, too: by its certificates `peer` is about to register, so that they are
 * kept with the state.  False: those are not known any more, so that nobody would
 * see them revoked. */
bool mrkm_revoke_keep(const struct gikev2_id *peer);

/* A group is served again: those of its members that were kept. */
void mrkm_revoke_load(struct mrkm_ks_group *group);

/* Looks at all of them, a few at a time, from the next moment on. */
void mrkm_revoke_check(void);

void mrkm_revoke_fini(void);

#endif /* MRKM_REVOKE_H */
