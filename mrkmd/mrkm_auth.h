// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials: how this router and others prove who they are.
 */
#ifndef MRKM_AUTH_H
#define MRKM_AUTH_H

#include <zebra.h>

#include "mrkmd/mrkm_trust.h"

struct vty;
struct json_object;

/* Makes certificates, trust anchors and CRLs those of the configuration. */
void mrkm_auth_apply(void);
void mrkm_auth_fini(void);

/* What is in force. */
const struct mrkm_trust *mrkm_auth_trust(void);

/*
 * GIKEV2_BY_*: what the configuration says, and where it does not, the
 * pre-shared key when there is one, else certificates.
 */
uint8_t mrkm_auth_ways(uint8_t configured, bool psk);

/*
 * Fills in a policy whose ways are set: our certificates, and the trust anchors
 * of that name ("": all).  A way of ours that we lack is left out.
 */
void mrkm_auth_complete(struct gikev2_auth_policy *policy, const char *anchor);

/*
 * Reads the PPK into `ppk`, with its ID.  0; or -NO_CREDENTIAL when its file is
 * of no use, which is logged as the problem of `whose`.
 */
int mrkm_auth_ppk(const struct mrkm_ppk_config *config, const char *whose,
		  struct gikev2_ppk *ppk);

/*
 * What is wrong with these ways of ours and of others.  False, and an empty
 * text: nothing.
 */
bool mrkm_auth_problem(uint8_t own, uint8_t peer, const char *anchor, char *buf,
		       size_t size);
bool mrkm_auth_ppk_problem(const struct mrkm_ppk_config *config, char *buf,
			   size_t size);

/* "certificate", "pre-shared key", "none"; of one of GIKEV2_BY_* */
const char *mrkm_auth_way_text(uint8_t way);

/* mrkm_show_auth.c */
void mrkm_show_trust(struct vty *vty);
struct json_object *mrkm_json_trust(void);
void mrkm_show_proof(struct vty *vty, const struct gikev2_proof_status *proof);
struct json_object *mrkm_json_proof(const struct gikev2_proof_status *proof);

#endif /* MRKM_AUTH_H */
