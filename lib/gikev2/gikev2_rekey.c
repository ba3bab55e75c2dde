// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rekeying the IKE SA by CREATE_CHILD_SA (RFC 7296 sections 1.3.2 and 2.18),
 * from either end, also when both begin at once (section 2.8.1).
 *
 * The new SA is the heir.  What the old one served, a member or the
 * registrations at the server, moves over as soon as it is clear which heir
 * stays; the end that began the exchange of that heir deletes the old SA.
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"
#include "gikev2/gikev2_state.h"

/* After TEMPORARY_FAILURE, or another error that may pass. */
#define RETRY_TIME (30 * GIKEV2_SECOND)
/* In a row: after some minutes the two are out of step (RFC 7296 section 2.25). */
#define TEMPORARY_MAX 10

static uint8_t *own_spi(struct gikev2_ike *ike)
{
	return ike->initiator ? ike->spi_i : ike->spi_r;
}

/* Octet by octet; a prefix of the other is the lower one. */
static int compare(const struct gikev2_octets *a, const struct gikev2_octets *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int ret = memcmp(a->ptr, b->ptr, len);

	return ret ? ret : (a->len > b->len) - (a->len < b->len);
}

/* The lower nonce of the exchange that made this heir decides collisions. */
static int keep_low(struct gikev2_ike *heir)
{
	const struct gikev2_setup *setup = heir->setup;
	const struct gikev2_octets *low =
		compare(&setup->ni, &setup->nr) < 0 ? &setup->ni : &setup->nr;

	return gikev2_octets_set(&heir->low, low->ptr, low->len);
}

static bool is_ready(const struct gikev2_ike *heir)
{
	return heir && !heir->dead && heir->state == GIKEV2_IKE_ESTABLISHED;
}

static void let_go(struct gikev2_ike **heir)
{
	if (*heir)
		(*heir)->parent = NULL;
	*heir = NULL;
}

void gikev2_disinherit(struct gikev2_ike *ike)
{
	let_go(&ike->heir);
	let_go(&ike->peer_heir);
}

bool gikev2_inherit(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *heir = is_ready(ike->heir) ? ike->heir
						      : ike->peer_heir;

	if (!is_ready(heir))
		return false;
	gikev2_disinherit(ike);
	heir->gms = ike->gms;
	ike->gms = NULL;
	gikev2_idle_changed(ike);
	gikev2_idle_changed(heir);
	ike->told = NULL;
	ike->bequeathed = now;
	gikev2_ties_move(ike, heir, now);
	for (struct gikev2_gm *gm = heir->gms; gm; gm = gm->ike_next) {
		gm->ike = heir;
		gikev2_gm_changed(gm);
	}
	/* what was under way on the old SA is asked again on the new one */
	if (heir->gms)
		gikev2_want(heir, GIKEV2_WANT_REKEY, now);
	return true;
}

void gikev2_heir_used(struct gikev2_ike *heir, uint64_t now)
{
	struct gikev2_ike *parent = heir->parent, *ours;

	if (!parent || heir != parent->peer_heir)
		return;
	/* our own attempt on the old SA is still to be answered, in vain */
	ours = parent->heir;
	parent->heir = NULL;
	gikev2_inherit(parent, now);
	parent->heir = ours;
}

/* ------------------------------------------------------------ the one who asks */

static int send_rekey(struct gikev2_ike *ike, struct gikev2_ike *heir,
		      uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret;

	gikev2_suite_offer(ike->engine,
			   (struct gikev2_chunk){ own_spi(heir),
						  GIKEV2_SPI_LEN },
			   gikev2_payload_add(tx, GIKEV2_PLD_SA));
	ret = gikev2_add_exchange(heir, tx, &heir->setup->ni, public);
	if (ret == 0)
		ret = gikev2_request(ike, GIKEV2_CREATE_CHILD_SA, tx, now);
	return ret;
}

/* With the group that is in use already, the peer will not want another. */
int gikev2_rekey_ike(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *heir;
	int ret;

	/* the peer is at it: should nothing come of that, we try */
	ike->rekey_at = now + gikev2_jitter(ike->engine, RETRY_TIME);
	if (ike->heir || ike->peer_heir)
		return 0;
	ike->rekey_at = GIKEV2_NEVER;
	heir = gikev2_ike_heir(ike, true);
	if (!heir)
		return -GIKEV2_ERR_NO_MEMORY;
	ike->heir = heir;
	ret = gikev2_make_ke(heir, ike->suite.ke);
	if (ret == 0)
		ret = gikev2_make_nonce(ike->engine, &heir->setup->ni);
	if (ret == 0)
		ret = send_rekey(ike, heir, now);
	return ret;
}

/* Against an exchange of the peer, complete or not. */
static bool wins(const struct gikev2_ike *ours, const struct gikev2_ike *theirs)
{
	return !theirs || theirs->dead ||
	       (!is_ready(theirs) && theirs->state != GIKEV2_IKE_REKEYING) ||
	       compare(&ours->low, &theirs->low) > 0;
}

void gikev2_rekey_settle(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_ike *ours = ike->heir, *theirs = ike->peer_heir;
	bool won = wins(ours, theirs);

	/* the peer has settled on its own already, or it is all over */
	if (ike->bequeathed || ike->wants & GIKEV2_WANT_DELETE)
		won = false;
	/* only the heir that stays is left to inherit; one that is not complete
	 * will not be any more: whoever began it knows that it lost */
	let_go(won ? &ike->peer_heir : &ike->heir);
	if (won && theirs && theirs->state == GIKEV2_IKE_REKEYING)
		gikev2_ike_end(theirs, -GIKEV2_ERR_REPLACED, now);
	gikev2_inherit(ike, now);
	if (won)
		gikev2_want(ike, GIKEV2_WANT_DELETE, now);
	else /* who began the exchange that lost deletes what it made */
		gikev2_ike_delete(ours, -GIKEV2_ERR_REPLACED, now);
}

static int accept(struct gikev2_ike *ike, struct gikev2_ike *heir,
		  struct gikev2_rx *rx)
{
	struct gikev2_setup *setup = heir->setup;
	const struct gikev2_pld_ke *ke =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE)->ke;
	int ret = gikev2_suite_accept(
		ike->engine,
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA)->sa,
		GIKEV2_SPI_LEN, true, &heir->suite);

	if (ret < 0)
		return ret;
	if (ike->suite.kwa && !heir->suite.kwa)
		return -GIKEV2_ERR_NO_PROPOSAL;
	if (ke->group != heir->suite.ke->id ||
	    heir->suite.ke != gikev2_ke_algorithm(setup->ke))
		return -GIKEV2_ERR_BAD_KE;
	memcpy(heir->spi_r, heir->suite.spi.ptr, GIKEV2_SPI_LEN);
	ret = gikev2_keep_peer(rx, &setup->peer_ke, &setup->nr);
	if (ret == 0)
		ret = keep_low(heir);
	if (ret < 0)
		return ret;
	return gikev2_addke_next(heir) ? gikev2_followup_begin(ike, heir, rx)
				       : gikev2_sk_derive_heir(ike, heir);
}

/* The exchange that lost is not gone on with: the peer's is. */
static void give_up_if_lost(struct gikev2_ike *ike, uint64_t now)
{
	if (wins(ike->heir, ike->peer_heir))
		return;
	gikev2_ike_end(ike->heir, -GIKEV2_ERR_REPLACED, now);
	gikev2_inherit(ike, now);
}

int gikev2_rekey_ike_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_ike *heir = ike->heir;
	int ret;

	if (!heir && ike->restored) {
		/* asked for by an earlier process, which took the private
		 * value with it: the peer will find its heir unused */
		ike->rekey_at =
			rx->now + gikev2_jitter(ike->engine, RETRY_TIME);
		return 0;
	}
	if (!heir || heir->state != GIKEV2_IKE_REKEYING)
		return -GIKEV2_ERR_BAD_STATE;
	ret = accept(ike, heir, rx);
	/* the peer has made an SA that we cannot use: no way on from here */
	if (ret < 0)
		return ret;
	if (gikev2_addke_next(heir)) {
		give_up_if_lost(ike, rx->now);
		return 0;
	}
	gikev2_ike_established(heir, rx->now);
	gikev2_rekey_settle(ike, rx->now);
	return 0;
}

/* Refused: perhaps because the peer began a rekey of its own. */
int gikev2_rekey_ike_error(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *error =
		gikev2_notify_error(rx->payloads);
	struct gikev2_ike *heir = ike->heir;

	if (error)
		gikev2_count(ike->engine, gikev2_err_from_notify(error->type));
	if (heir)
		gikev2_ike_end(heir, -GIKEV2_ERR_REPLACED, rx->now);
	if (error && error->type == GIKEV2_N_TEMPORARY_FAILURE)
		ike->put_off++;
	else
		ike->put_off = 0;
	if (ike->put_off >= TEMPORARY_MAX && !ike->peer_heir)
		return -GIKEV2_ERR_UNEXPECTED_NOTIFY;
	if (!gikev2_inherit(ike, rx->now))
		ike->rekey_at =
			rx->now + gikev2_jitter(ike->engine, RETRY_TIME);
	return 0;
}

/* ---------------------------------------------------------- the one who is asked */

static int choose(struct gikev2_ike *ike, struct gikev2_rx *rx,
		  struct gikev2_suite *suite)
{
	const struct gikev2_pld_ke *ke =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_KE)->ke;
	int ret = gikev2_suite_choose(
		ike->engine,
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA)->sa,
		GIKEV2_SPI_LEN, ke->group, true, suite);

	if (ret < 0)
		return ret;
	if (ike->suite.kwa && !suite->kwa)
		return -GIKEV2_ERR_NO_PROPOSAL;
	if (ke->group != suite->ke->id || ke->data.len != suite->ke->public_len)
		return -GIKEV2_ERR_BAD_KE;
	return 0;
}

static int make_heir(struct gikev2_ike *ike, struct gikev2_ike *heir,
		     struct gikev2_rx *rx)
{
	struct gikev2_setup *setup = heir->setup;
	int ret;

	memcpy(heir->spi_i, heir->suite.spi.ptr, GIKEV2_SPI_LEN);
	ret = gikev2_keep_peer(rx, &setup->peer_ke, &setup->ni);
	if (ret == 0)
		ret = gikev2_make_nonce(ike->engine, &setup->nr);
	if (ret == 0)
		ret = gikev2_make_ke(heir, heir->suite.ke);
	if (ret == 0)
		ret = keep_low(heir);
	if (ret < 0)
		return ret;
	return gikev2_addke_next(heir) ? gikev2_followup_first(heir)
				       : gikev2_sk_derive_heir(ike, heir);
}

static int answer(struct gikev2_ike *ike, struct gikev2_ike *heir,
		  struct gikev2_rx *rx)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	int ret;

	gikev2_suite_answer(ike->engine, &heir->suite,
			    (struct gikev2_chunk){ own_spi(heir),
						   GIKEV2_SPI_LEN },
			    gikev2_payload_add(tx, GIKEV2_PLD_SA));
	ret = gikev2_add_exchange(heir, tx, &heir->setup->nr, public);
	if (ret == 0 && gikev2_addke_next(heir))
		ret = gikev2_followup_promise(heir, tx);
	return ret < 0 ? ret : gikev2_respond(ike, rx, tx);
}

static int refuse(struct gikev2_ike *ike, struct gikev2_rx *rx, int err,
		  const struct gikev2_suite *suite)
{
	uint8_t group[2];

	gikev2_count(ike->engine, err);
	if (err == -GIKEV2_ERR_BAD_KE && suite->ke) {
		gikev2_put_int(group, suite->ke->id, sizeof(group));
		return gikev2_respond_notify(ike, rx,
					     GIKEV2_N_INVALID_KE_PAYLOAD, group,
					     sizeof(group));
	}
	return gikev2_respond_notify(ike, rx, GIKEV2_N_NO_PROPOSAL_CHOSEN, NULL,
				     0);
}

/* Is it about this SA, or about a Child SA that we do not have? */
static bool rekeys_ike(struct gikev2_rx *rx)
{
	const struct gikev2_list *proposals =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA)->sa.proposals;
	const struct gikev2_proposal *first = proposals->items;

	return first->protocol == GIKEV2_PROTO_IKE;
}

int gikev2_rekey_ike_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_suite suite = { 0 };
	struct gikev2_ike *heir;
	int ret;

	if (!rekeys_ike(rx))
		return gikev2_child_request(ike, rx);
	/* our Delete waits for the window: there will be nothing to inherit;
	 * or our own rekey is past the point where it could give way */
	if (ike->peer_heir || ike->wants & GIKEV2_WANT_DELETE ||
	    gikev2_following_up(ike))
		return gikev2_child_while_deleting(ike, rx);
	ret = choose(ike, rx, &suite);
	if (ret < 0)
		return refuse(ike, rx, ret, &suite);
	heir = gikev2_ike_heir(ike, false);
	if (!heir)
		return -GIKEV2_ERR_NO_MEMORY;
	heir->suite = suite;
	ret = make_heir(ike, heir, rx);
	if (ret == 0)
		ret = answer(ike, heir, rx);
	if (ret < 0) {
		gikev2_ike_end(heir, ret, rx->now);
		return ret;
	}
	ike->peer_heir = heir;
	if (gikev2_addke_next(heir)) {
		gikev2_followup_wait(heir, rx->now);
		return 0;
	}
	gikev2_ike_established(heir, rx->now);
	/* with a rekey of ours under way, its outcome decides */
	if (!ike->heir)
		gikev2_inherit(ike, rx->now);
	return 0;
}

/* No Child SAs over a registration SA (RFC 9838 section 2.3). */
int gikev2_child_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	return gikev2_respond_notify(ike, rx, GIKEV2_N_NO_ADDITIONAL_SAS, NULL,
				     0);
}

int gikev2_child_while_deleting(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	return gikev2_respond_notify(ike, rx, GIKEV2_N_TEMPORARY_FAILURE, NULL,
				     0);
}
