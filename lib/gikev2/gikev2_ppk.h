// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Post-quantum pre-shared keys (RFC 8784), in IKE_AUTH and in GSA_AUTH.
 *
 * They go into SK_d, SK_pi and SK_pr, and so into AUTH and, by SK_d, into the
 * key that wraps all that the group is given.
 */
#ifndef GIKEV2_PPK_H
#define GIKEV2_PPK_H

#include "gikev2/gikev2_int.h"

/* Initiator: is there a PPK for the server?  USE_PPK in the request if so. */
void gikev2_ppk_prepare(struct gikev2_ike *ike);
void gikev2_ppk_offer(const struct gikev2_ike *ike, struct gikev2_payloads *tx);
/* ... what the server says to that.  -PPK: it has none, but there must be one. */
int gikev2_ppk_offered(struct gikev2_ike *ike, const struct gikev2_rx *rx);

/* Responder: says USE_PPK if the request does and there are PPKs here. */
void gikev2_ppk_asked(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		      struct gikev2_payloads *tx);

/*
 * Initiator, before AUTH is made: mixes the PPK in.  The keys without it are
 * kept, until the server has said which are right.
 */
int gikev2_ppk_use(struct gikev2_ike *ike);
/* ... and PPK_IDENTITY, behind AUTH. */
int gikev2_ppk_identify(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx);
/* ... when the answer is here. */
int gikev2_ppk_settle(struct gikev2_ike *ike, const struct gikev2_rx *rx);

/*
 * Responder, before AUTH of ike->peer is verified: finds the PPK and mixes it
 * in, or takes NO_PPK_AUTH in the place of AUTH.  -PPK: neither will do.
 */
int gikev2_ppk_find(struct gikev2_ike *ike, struct gikev2_rx *rx, void *cookie);
/* ... the empty PPK_IDENTITY of the answer. */
void gikev2_ppk_confirm(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx);

/* The keys with the PPK in the place of those without, or the other way. */
void gikev2_ppk_swap(struct gikev2_ike *ike);

#endif /* GIKEV2_PPK_H */
