// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_AUTH (RFC 9838 section 2.3), who we are and the group; and IKE_AUTH
 * without a Child SA (RFC 6023), who we are alone.
 */
#include "gikev2/gikev2_addke.h"
#include "gikev2/gikev2_ppk.h"

/* ------------------------------------------------------------ group member */

int gikev2_auth_start(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_member *member = gikev2_ike_member(ike);
	bool ike_auth = gikev2_member_config(member)->ike_auth;
	struct gikev2_payloads *tx = gikev2_tx(engine);
	struct gikev2_proof proof;
	int ret;

	if (!ike->suite.kwa && !ike_auth)
		return -GIKEV2_ERR_NO_PROPOSAL;
	gikev2_proof_begin(ike, gikev2_member_cookie(member), &proof);
	ret = gikev2_ppk_use(ike);
	if (ret == 0)
		ret = gikev2_proof_add(ike, NULL, &proof, tx);
	gikev2_proof_end(&proof);
	if (ret < 0)
		return ret;
	ike->setup->asked = now;
	gikev2_contact_add(ike, tx);
	if (!ike_auth)
		gikev2_add_group(ike, member, tx);
	return gikev2_request(ike, ike_auth ? GIKEV2_IKE_AUTH : GIKEV2_GSA_AUTH,
			      tx, now);
}

/* Whoever it says it is, in the one form that names are compared in. */
static int set_peer(struct gikev2_ike *ike, struct gikev2_rx *rx, uint8_t type)
{
	struct gikev2_id id;
	int ret = gikev2_id_from_payload(
		&id, &gikev2_payload_find(rx->payloads, type)->id);

	if (ret == 0)
		ret = gikev2_id_fold(&id);
	return ret < 0 ? ret : gikev2_ike_set_peer(ike, &id);
}

static bool is_wanted(const struct gikev2_member_config *config,
		      const struct gikev2_id *server)
{
	struct gikev2_id wanted = config->server_identity;

	return wanted.type == GIKEV2_ID_NONE ||
	       (gikev2_id_fold(&wanted) == 0 &&
		gikev2_id_equal(&wanted, server));
}

/* Is it the key server that we asked for? */
static int verify_server(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_member *member = gikev2_ike_member(ike);
	struct gikev2_proof proof;
	int ret = set_peer(ike, rx, GIKEV2_PLD_IDR);

	if (ret < 0)
		return ret;
	if (!is_wanted(gikev2_member_config(member), ike->peer))
		return -GIKEV2_ERR_AUTH_FAILED;
	ret = gikev2_ppk_settle(ike, rx);
	if (ret < 0)
		return ret;
	gikev2_proof_begin(ike, gikev2_member_cookie(member), &proof);
	ret = gikev2_proof_verify(ike, rx, &proof);
	gikev2_proof_end(&proof);
	if (ret == 0)
		gikev2_contact_read(ike, rx);
	return ret;
}

int gikev2_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret = verify_server(ike, rx);

	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	return gikev2_registration_read(ike, ike->ties, rx);
}

int gikev2_ike_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret = verify_server(ike, rx);

	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	if (ike->suite.kwa)
		gikev2_tie_register(ike, ike->ties, rx->now);
	return 0;
}

/* Authenticated, but the group is not for us: so says the key server itself. */
int gikev2_auth_refused(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);
	int ret = verify_server(ike, rx);

	if (ret < 0)
		return ret;
	if (!notify)
		return -GIKEV2_ERR_BAD_PAYLOADS;
	gikev2_ike_established(ike, rx->now);
	return gikev2_err_from_notify(notify->type);
}

/* The server refused us before it said who it is. */
int gikev2_auth_error(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_pld_notify *notify =
		gikev2_notify_error(rx->payloads);
	int ret = -GIKEV2_ERR_BAD_PAYLOADS;

	if (notify)
		ret = gikev2_err_from_notify(notify->type);
	/* what concerns the group only counts from a server that proved itself */
	if (ret == -GIKEV2_ERR_NOT_AUTHORIZED ||
	    ret == -GIKEV2_ERR_INVALID_GROUP)
		ret = -GIKEV2_ERR_UNEXPECTED_NOTIFY;
	/* an error here means that the SA is gone: no Delete */
	gikev2_ike_end(ike, ret, rx->now);
	return ret;
}

/* -------------------------------------------------------------- key server */

/* The slides' Authenticate and Authorize Peer, first half. */
static int authenticate(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_group *group, struct gikev2_proof *proof)
{
	void *cookie = group ? gikev2_group_cookie(group) : NULL;
	int ret = set_peer(ike, rx, GIKEV2_PLD_IDI);

	if (ret == 0)
		ret = gikev2_ppk_find(ike, rx, cookie);
	if (ret < 0)
		return ret;
	gikev2_proof_begin(ike, cookie, proof);
	return gikev2_proof_verify(ike, rx, proof);
}

static void member_refused(struct gikev2_ike *ike, struct gikev2_rx *rx,
			   struct gikev2_group *group, int err)
{
	gikev2_event(ike->engine, GIKEV2_EVENT_MEMBER_REFUSED, err,
		     group ? gikev2_group_cookie(group) : NULL, ike, rx->now);
}

/* The peer is who it says, and so are we; what it asks for is another thing. */
static int prove(struct gikev2_ike *ike, struct gikev2_rx *rx,
		 struct gikev2_group *group, struct gikev2_payloads *tx)
{
	struct gikev2_proof proof = { 0 };
	int ret;

	/* key exchanges that were agreed on come first */
	if (gikev2_addke_next(ike))
		return -GIKEV2_ERR_BAD_STATE;
	ret = authenticate(ike, rx, group, &proof);
	if (ret == 0)
		ret = gikev2_proof_add(ike, rx, &proof, tx);
	gikev2_ppk_confirm(ike, tx);
	gikev2_proof_end(&proof);
	if (ret < 0) {
		member_refused(ike, rx, group, ret);
		return ret;
	}
	gikev2_contact_read(ike, rx);
	gikev2_contact_add(ike, tx);
	gikev2_ike_established(ike, rx->now);
	return 0;
}

int gikev2_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_payloads *tx = gikev2_tx(engine);
	struct gikev2_group *group = gikev2_group_find(
		engine, &gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDG)->id);
	int ret = prove(ike, rx, group, tx), err = -GIKEV2_ERR_INVALID_GROUP;

	if (ret < 0)
		return ret;
	if (group)
		err = gikev2_group_join(group, ike, rx, tx);
	if (err < 0) {
		gikev2_count(engine, err);
		gikev2_notify_add(tx, gikev2_err_to_notify(err), NULL, 0);
		member_refused(ike, rx, group, err);
	}
	return gikev2_respond(ike, rx, tx);
}

/* No Child SA here, whatever the peer may have asked for (RFC 6023). */
int gikev2_ike_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	bool child = gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA);
	int ret = prove(ike, rx, NULL, tx);

	if (ret < 0)
		return ret;
	if (child)
		gikev2_notify_add(tx, GIKEV2_N_NO_ADDITIONAL_SAS, NULL, 0);
	return gikev2_respond(ike, rx, tx);
}
