// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE_FOLLOWUP_KE (RFC 9370 section 2.2.4): what follows CREATE_CHILD_SA when an
 * IKE SA is rekeyed with additional key exchanges.
 *
 * The heir is there from CREATE_CHILD_SA on, but has no keys before the last of
 * these exchanges: SKEYSEED = prf(SK_d (old), SK(0) | Ni | Nr | SK(1) | ...).
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_addke.h"

#define LINK_LEN 8
/* The responder waits so long for the next one: five to twenty seconds. */
#define PATIENCE (20 * GIKEV2_SECOND)

/* SK(0), SK(1) and so on, one behind the other. */
static int keep_secret(struct gikev2_ike *heir, struct gikev2_chunk shared)
{
	struct gikev2_octets *all = &heir->setup->addke.secrets;
	uint8_t octets[(1 + GIKEV2_ADDKE_MAX) * GIKEV2_KE_SHARED_MAX];
	struct gikev2_buf buf = { .ptr = octets, .size = sizeof(octets) };
	int ret = -GIKEV2_ERR_LIMIT;

	gikev2_buf_put(&buf, all->ptr, all->len);
	gikev2_buf_put(&buf, shared.ptr, shared.len);
	if (!buf.overflow)
		ret = gikev2_octets_set(all, octets, buf.len);
	explicit_bzero(octets, sizeof(octets));
	return ret;
}

int gikev2_followup_first(struct gikev2_ike *heir)
{
	struct gikev2_setup *setup = heir->setup;
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	int ret = gikev2_ke_derive(setup->ke, gikev2_chunk(&setup->peer_ke),
				   shared);

	if (ret == 0)
		ret = keep_secret(heir,
				  (struct gikev2_chunk){
					  shared, heir->suite.ke->shared_len });
	explicit_bzero(shared, sizeof(shared));
	return ret;
}

/* ------------------------------------------------------------ the one who asks */

static int take_link(struct gikev2_ike *heir, const struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *link = gikev2_notify_find(
		rx->payloads, GIKEV2_N_ADDITIONAL_KEY_EXCHANGE);

	if (!link || !link->data.len)
		return -GIKEV2_ERR_BAD_PAYLOADS;
	return gikev2_octets_set(&heir->setup->addke.link, link->data.ptr,
				 link->data.len);
}

int gikev2_followup_begin(struct gikev2_ike *ike, struct gikev2_ike *heir,
			  struct gikev2_rx *rx)
{
	int ret = take_link(heir, rx);

	if (ret == 0)
		ret = gikev2_followup_first(heir);
	if (ret == 0)
		gikev2_want(ike, GIKEV2_WANT_FOLLOWUP, rx->now);
	return ret;
}

bool gikev2_following_up(const struct gikev2_ike *ike)
{
	const struct gikev2_ike *heir = ike->heir;

	return heir && heir->state == GIKEV2_IKE_REKEYING &&
	       heir->setup->addke.link.len;
}

int gikev2_send_followup(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];
	struct gikev2_chunk link;
	int ret;

	/* given up in the meantime */
	if (!gikev2_following_up(ike))
		return 0;
	link = gikev2_chunk(&ike->heir->setup->addke.link);
	ret = gikev2_addke_add(ike->heir, tx, public);
	gikev2_notify_add(tx, GIKEV2_N_ADDITIONAL_KEY_EXCHANGE, link.ptr,
			  link.len);
	if (ret == 0)
		ret = gikev2_request(ike, GIKEV2_IKE_FOLLOWUP_KE, tx, now);
	return ret;
}

int gikev2_followup_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_ike *heir = ike->heir;
	uint8_t shared[GIKEV2_KE_SHARED_MAX];
	struct gikev2_chunk secret = { shared, 0 };
	int ret;

	if (!gikev2_following_up(ike))
		return -GIKEV2_ERR_BAD_STATE;
	secret.len = gikev2_addke_next(heir)->shared_len;
	ret = gikev2_addke_finish(heir, rx, shared);
	if (ret == 0)
		ret = keep_secret(heir, secret);
	explicit_bzero(shared, sizeof(shared));
	if (ret == 0 && gikev2_addke_next(heir)) {
		ret = take_link(heir, rx);
		if (ret == 0)
			gikev2_want(ike, GIKEV2_WANT_FOLLOWUP, rx->now);
		return ret;
	}
	if (ret == 0)
		ret = gikev2_sk_derive_heir(ike, heir);
	if (ret < 0)
		return ret;
	gikev2_ike_established(heir, rx->now);
	gikev2_rekey_settle(ike, rx->now);
	return 0;
}

/* ------------------------------------------------------- the one who is asked */

int gikev2_followup_promise(struct gikev2_ike *heir, struct gikev2_payloads *tx)
{
	struct gikev2_octets *link = &heir->setup->addke.link;
	uint8_t octets[LINK_LEN];
	int ret = 0;

	if (!link->len) {
		ret = gikev2_random(heir->engine, octets, sizeof(octets));
		if (ret == 0)
			ret = gikev2_octets_set(link, octets, sizeof(octets));
	}
	if (ret == 0)
		gikev2_notify_add(tx, GIKEV2_N_ADDITIONAL_KEY_EXCHANGE,
				  link->ptr, link->len);
	return ret;
}

void gikev2_followup_wait(struct gikev2_ike *heir, uint64_t now)
{
	gikev2_timer_set(&heir->engine->timers, &heir->timer, now + PATIENCE);
}

/* The heir that the request is about; NULL. */
static struct gikev2_ike *find_heir(const struct gikev2_ike *ike,
				    const struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *link = gikev2_notify_find(
		rx->payloads, GIKEV2_N_ADDITIONAL_KEY_EXCHANGE);
	struct gikev2_ike *heir = ike->peer_heir;

	if (!heir || heir->state != GIKEV2_IKE_REKEYING || !link ||
	    link->data.len != heir->setup->addke.link.len ||
	    memcmp(link->data.ptr, heir->setup->addke.link.ptr, link->data.len))
		return NULL;
	return heir;
}

/* Keys, if that was the last exchange; else another promise. */
static int go_on(struct gikev2_ike *ike, struct gikev2_ike *heir,
		 struct gikev2_payloads *tx)
{
	gikev2_addke_step(heir);
	if (gikev2_addke_next(heir))
		return gikev2_followup_promise(heir, tx);
	return gikev2_sk_derive_heir(ike, heir);
}

int gikev2_followup_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	struct gikev2_ike *heir = find_heir(ike, rx);
	uint8_t public[GIKEV2_KE_PUBLIC_MAX], shared[GIKEV2_KE_SHARED_MAX];
	struct gikev2_chunk secret = { shared, 0 };
	int ret;

	if (!heir) {
		gikev2_count(ike->engine, GIKEV2_ERR_STATE_NOT_FOUND);
		return gikev2_respond_notify(ike, rx, GIKEV2_N_STATE_NOT_FOUND,
					     NULL, 0);
	}
	secret.len = gikev2_addke_next(heir)->shared_len;
	ret = gikev2_addke_answer(heir, rx, tx, public, shared);
	if (ret == 0)
		ret = keep_secret(heir, secret);
	explicit_bzero(shared, sizeof(shared));
	if (ret == 0)
		ret = go_on(ike, heir, tx);
	if (ret == 0)
		ret = gikev2_respond(ike, rx, tx);
	if (ret < 0)
		return ret;
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
