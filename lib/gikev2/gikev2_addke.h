// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Additional key exchanges (RFC 9370): agreed on in SA, by transforms of types
 * ADDKE1 to ADDKE7, and done one after the other by IKE_INTERMEDIATE (RFC 9242)
 * before AUTH, or by IKE_FOLLOWUP_KE when an SA is rekeyed.
 */
#ifndef GIKEV2_ADDKE_H
#define GIKEV2_ADDKE_H

#include "gikev2/gikev2_int.h"

/* -------------------------------------------------------------- negotiation */

/*
 * What is taken for the n-th type (from 0), best first: what is configured, as
 * far as this OpenSSL has it.  Returns how many.
 */
size_t
gikev2_addke_methods(const struct gikev2 *engine, size_t n,
		     const struct gikev2_ke_alg *methods[GIKEV2_ADDKE_METHODS]);

/* Is there any to offer, or are there any that we insist on? */
bool gikev2_addke_offered(const struct gikev2 *engine);
bool gikev2_addke_mandatory(const struct gikev2 *engine);

/* What a proposal offers, as far as we do it. */
struct gikev2_addke_choice {
	uint8_t types, none; /* bits: listed, and NONE among them */
	const struct gikev2_ke_alg
		*method[GIKEV2_ADDKE_MAX][GIKEV2_ADDKE_METHODS];
	uint8_t count[GIKEV2_ADDKE_MAX];
};

/* Notes a transform; `type` is one of ADDKE. */
void gikev2_addke_take(const struct gikev2 *engine,
		       struct gikev2_addke_choice *choice, uint8_t type,
		       uint16_t id, bool plain);
/*
 * One method for each type, no method twice, all into suite->addke.  With
 * `none`, NONE wherever that is possible.  False: there is no such choice.
 */
bool gikev2_addke_choose(const struct gikev2 *engine,
			 const struct gikev2_addke_choice *choice, bool none,
			 struct gikev2_suite *suite);

/* ---------------------------------------------------------------- exchanges */

/* The next one to be done; NULL: none is left. */
const struct gikev2_ke_alg *gikev2_addke_next(const struct gikev2_ike *ike);

/*
 * Initiator, after IKE_SA_INIT and after each IKE_INTERMEDIATE: the next
 * exchange, which is AUTH when nothing else is left to do.
 */
int gikev2_setup_continue(struct gikev2_ike *ike, uint64_t now);

int gikev2_intermediate_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_intermediate_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_intermediate_error(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* The exchange whose turn it was is over. */
void gikev2_addke_step(struct gikev2_ike *ike);

/* KE(n) of the initiator into tx; `public` keeps what it borrows. */
int gikev2_addke_add(struct gikev2_ike *ike, struct gikev2_payloads *tx,
		     uint8_t public[GIKEV2_KE_PUBLIC_MAX]);
/* KE(n) of the responder in rx: SK(n), of the method's length, into `shared`. */
int gikev2_addke_finish(struct gikev2_ike *ike, struct gikev2_rx *rx,
			uint8_t shared[GIKEV2_KE_SHARED_MAX]);
/* Responder: answers KE(n) of rx in tx. */
int gikev2_addke_answer(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_payloads *tx,
			uint8_t public[GIKEV2_KE_PUBLIC_MAX],
			uint8_t shared[GIKEV2_KE_SHARED_MAX]);

/* ------------------------------------------------------- rekey of an IKE SA */

/* SK(0), of CREATE_CHILD_SA itself. */
int gikev2_followup_first(struct gikev2_ike *heir);

/* The side that rekeys: the response to CREATE_CHILD_SA is rx. */
int gikev2_followup_begin(struct gikev2_ike *ike, struct gikev2_ike *heir,
			  struct gikev2_rx *rx);
/* True from then on, until the heir has its keys. */
bool gikev2_following_up(const struct gikev2_ike *ike);
int gikev2_send_followup(struct gikev2_ike *ike, uint64_t now);
int gikev2_followup_response(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* The other side: in its answer, that it goes on; and how long it waits. */
int gikev2_followup_promise(struct gikev2_ike *heir,
			    struct gikev2_payloads *tx);
void gikev2_followup_wait(struct gikev2_ike *heir, uint64_t now);
int gikev2_followup_request(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* gikev2_rekey.c: our heir is complete; perhaps the peer's is, too. */
void gikev2_rekey_settle(struct gikev2_ike *ike, uint64_t now);

/* ------------------------------------------------------------------ IntAuth */

#define GIKEV2_INTAUTH_MAX (2 * GIKEV2_PRF_MAX + 4)

/* A message of ours that is about to be sealed. */
int gikev2_intauth_sent(struct gikev2_ike *ike,
			const struct gikev2_header *header, uint8_t first,
			struct gikev2_chunk text);
/* IntAuth (RFC 9242 section 3.3.2); empty when there was no such exchange. */
struct gikev2_chunk gikev2_intauth(const struct gikev2_ike *ike,
				   uint8_t out[GIKEV2_INTAUTH_MAX]);

#endif /* GIKEV2_ADDKE_H */
