// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GSA_AUTH (RFC 9838 section 2.3): who we are, by a pre-shared key
 * (RFC 7296 section 2.15), and the group.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

/* ID payload body: Type, three reserved octets, data. */
#define ID_BODY_MAX (4 + GIKEV2_ID_MAX)

static const char key_pad[] = "Key Pad for IKEv2";

/* ------------------------------------------------------------ AUTH payload */

/*
 * AUTH of one side: prf(prf(secret, "Key Pad for IKEv2"), its first message |
 * the other's nonce | prf(SK_p, its ID)).
 */
static int auth_psk(struct gikev2_ike *ike, const struct gikev2_secret *secret,
		    bool of_initiator, struct gikev2_chunk id_body,
		    uint8_t *out)
{
	struct gikev2_crypto *crypto = ike->engine->crypto;
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	struct gikev2_setup *setup = ike->setup;
	struct gikev2_chunk pad = { (const uint8_t *)key_pad,
				    sizeof(key_pad) - 1 };
	uint8_t maced_id[GIKEV2_PRF_MAX], key[GIKEV2_PRF_MAX];
	struct gikev2_chunk signed_octets[] = {
		gikev2_chunk(of_initiator ? &setup->init_request
					  : &setup->init_response),
		gikev2_chunk(of_initiator ? &setup->nr : &setup->ni),
		{ maced_id, prf->len },
	};
	int ret;

	ret = gikev2_prf(crypto, prf,
			 (struct gikev2_chunk){
				 of_initiator ? setup->sk_pi : setup->sk_pr,
				 prf->len },
			 &id_body, 1, maced_id);
	if (ret == 0)
		ret = gikev2_prf(crypto, prf,
				 (struct gikev2_chunk){ secret->octets,
							secret->len },
				 &pad, 1, key);
	if (ret == 0)
		ret = gikev2_prf(crypto, prf,
				 (struct gikev2_chunk){ key, prf->len },
				 signed_octets, 3, out);
	explicit_bzero(key, sizeof(key));
	return ret;
}

static int verify_psk(struct gikev2_ike *ike, struct gikev2_rx *rx,
		      const struct gikev2_secret *secret, uint8_t id_type)
{
	const struct gikev2_payload *id =
		gikev2_payload_find(rx->payloads, id_type);
	const struct gikev2_pld_auth *auth =
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_AUTH)->auth;
	size_t len = ike->suite.prf->len;
	uint8_t expected[GIKEV2_PRF_MAX];
	int ret = auth_psk(ike, secret, id_type == GIKEV2_PLD_IDI, id->body,
			   expected);

	if (ret == 0 && (auth->method != GIKEV2_AUTH_PSK ||
			 auth->data.len != len ||
			 !gikev2_equal(auth->data.ptr, expected, len)))
		ret = -GIKEV2_ERR_AUTH_FAILED;
	explicit_bzero(expected, sizeof(expected));
	return ret;
}

/* Adds our ID and AUTH; `room` keeps what the payload borrows. */
static int add_own(struct gikev2_ike *ike, struct gikev2_payloads *tx,
		   const struct gikev2_secret *secret,
		   uint8_t room[GIKEV2_PRF_MAX])
{
	const struct gikev2_id *identity = &ike->engine->identity;
	uint8_t body[ID_BODY_MAX];
	struct gikev2_buf buf = { .ptr = body, .size = sizeof(body) };
	struct gikev2_payload *payload;
	int ret;

	payload = gikev2_payload_add(tx, ike->initiator ? GIKEV2_PLD_IDI
							: GIKEV2_PLD_IDR);
	payload->id.type = identity->type;
	payload->id.data = gikev2_id_chunk(identity);
	gikev2_payload_generate_body(payload, &buf);
	ret = auth_psk(ike, secret, ike->initiator,
		       (struct gikev2_chunk){ body, buf.len }, room);
	payload = gikev2_payload_add(tx, GIKEV2_PLD_AUTH);
	payload->auth.method = GIKEV2_AUTH_PSK;
	payload->auth.data = (struct gikev2_chunk){ room, ike->suite.prf->len };
	return ret;
}

static int get_psk(struct gikev2_ike *ike, void *cookie,
		   struct gikev2_secret *secret)
{
	struct gikev2 *engine = ike->engine;

	secret->len = 0;
	if (engine->callbacks->psk(engine->arg,
				   ike->initiator ? GIKEV2_MEMBER
						  : GIKEV2_SERVER,
				   cookie, ike->peer, secret) < 0 ||
	    secret->len == 0)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	return 0;
}

/* ------------------------------------------------------------ group member */

int gikev2_auth_start(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2 *engine = ike->engine;
	bool ike_auth = gikev2_member_config(ike->member)->ike_auth;
	struct gikev2_payloads *tx = gikev2_tx(engine);
	uint8_t auth[GIKEV2_PRF_MAX];
	struct gikev2_secret secret;
	int ret;

	if (engine->identity.type == GIKEV2_ID_NONE)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	ret = get_psk(ike, gikev2_member_cookie(ike->member), &secret);
	if (ret == 0)
		ret = add_own(ike, tx, &secret, auth);
	explicit_bzero(&secret, sizeof(secret));
	if (ret < 0)
		return ret;
	if (!ike_auth)
		gikev2_add_group(ike, tx);
	return gikev2_request(ike, ike_auth ? GIKEV2_IKE_AUTH : GIKEV2_GSA_AUTH,
			      tx, now);
}

/* Is it the key server that we asked for? */
static int verify_server(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	const struct gikev2_member_config *config =
		gikev2_member_config(ike->member);
	struct gikev2_secret secret;
	struct gikev2_id id;
	int ret;

	ret = gikev2_id_from_payload(
		&id, &gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDR)->id);
	if (ret == 0)
		ret = gikev2_ike_set_peer(ike, &id);
	if (ret < 0)
		return ret;
	if (config->server_identity.type != GIKEV2_ID_NONE &&
	    !gikev2_id_equal(&config->server_identity, &id))
		return -GIKEV2_ERR_AUTH_FAILED;
	ret = get_psk(ike, gikev2_member_cookie(ike->member), &secret);
	if (ret == 0)
		ret = verify_psk(ike, rx, &secret, GIKEV2_PLD_IDR);
	explicit_bzero(&secret, sizeof(secret));
	return ret;
}

int gikev2_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret = verify_server(ike, rx);

	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	return gikev2_registration_answer(ike, rx);
}

int gikev2_ike_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	int ret = verify_server(ike, rx);

	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	gikev2_want(ike, GIKEV2_WANT_REGISTER, rx->now);
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
	if (ret == -GIKEV2_ERR_NOT_AUTHORIZED || ret == -GIKEV2_ERR_INVALID_GROUP)
		ret = -GIKEV2_ERR_UNEXPECTED_NOTIFY;
	/* an error here means that the SA is gone: no Delete */
	gikev2_ike_end(ike, ret, rx->now);
	return ret;
}

/* -------------------------------------------------------------- key server */

/* The slides' Authenticate and Authorize Peer, first half. */
static int authenticate(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_group *group,
			struct gikev2_secret *secret)
{
	struct gikev2_id id;
	int ret;

	ret = gikev2_id_from_payload(
		&id, &gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDI)->id);
	if (ret == 0)
		ret = gikev2_ike_set_peer(ike, &id);
	if (ret == 0)
		ret = get_psk(ike, group ? gikev2_group_cookie(group) : NULL,
			      secret);
	if (ret == 0)
		ret = verify_psk(ike, rx, secret, GIKEV2_PLD_IDI);
	return ret;
}

static int answer_member(struct gikev2_ike *ike, struct gikev2_rx *rx,
			 struct gikev2_group *group,
			 const struct gikev2_secret *secret)
{
	struct gikev2 *engine = ike->engine;
	struct gikev2_payloads *tx = gikev2_tx(engine);
	uint8_t auth[GIKEV2_PRF_MAX];
	int err = -GIKEV2_ERR_INVALID_GROUP, ret;

	ret = add_own(ike, tx, secret, auth);
	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	if (group)
		err = gikev2_group_join(group, ike, rx, tx);
	if (err < 0) {
		gikev2_count(engine, err);
		gikev2_notify_add(tx, gikev2_err_to_notify(err), NULL, 0);
		gikev2_event(engine, GIKEV2_EVENT_MEMBER_REFUSED, err,
			     group ? gikev2_group_cookie(group) : NULL, ike,
			     rx->now);
	}
	return gikev2_respond(ike, rx, tx);
}

int gikev2_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_group *group = gikev2_group_find(
		ike->engine,
		&gikev2_payload_find(rx->payloads, GIKEV2_PLD_IDG)->id);
	struct gikev2_secret secret;
	int ret = authenticate(ike, rx, group, &secret);

	if (ret == 0)
		ret = answer_member(ike, rx, group, &secret);
	else
		gikev2_event(ike->engine, GIKEV2_EVENT_MEMBER_REFUSED, ret,
			     group ? gikev2_group_cookie(group) : NULL, ike,
			     rx->now);
	explicit_bzero(&secret, sizeof(secret));
	return ret;
}

/* No Child SA here, whatever the peer may have asked for (RFC 6023). */
int gikev2_ike_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	bool child = gikev2_payload_find(rx->payloads, GIKEV2_PLD_SA);
	uint8_t auth[GIKEV2_PRF_MAX];
	struct gikev2_secret secret;
	int ret = authenticate(ike, rx, NULL, &secret);

	if (ret == 0)
		ret = add_own(ike, tx, &secret, auth);
	else
		gikev2_event(ike->engine, GIKEV2_EVENT_MEMBER_REFUSED, ret,
			     NULL, ike, rx->now);
	explicit_bzero(&secret, sizeof(secret));
	if (ret < 0)
		return ret;
	gikev2_ike_established(ike, rx->now);
	if (child)
		gikev2_notify_add(tx, GIKEV2_N_NO_ADDITIONAL_SAS, NULL, 0);
	return gikev2_respond(ike, rx, tx);
}
