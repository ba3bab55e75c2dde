// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is inside of protected messages: a peer that holds the right keys, and
 * says anything.
 *
 * Input: one octet that chooses the situation, one octet of what is asked for,
 * then messages, each as
 *   flags(1) first payload(1) length(2) octets
 * sealed here with the keys of the SA; flags say what is put right before.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_util.h"

#define MESSAGES_MAX 12
#define TEXT_MAX 8192

enum situation {
	SERVER_AUTH,  /* half-open, GSA_AUTH is expected */
	MEMBER_AUTH,  /* its answer is expected */
	SERVER_READY, /* registered */
	MEMBER_READY,
	SERVER_ASKED, /* waits for an answer to a request of its own */
	MEMBER_ASKED,
	MEMBER_PUSHED, /* GSA_REKEY, Implicit */
	MEMBER_SIGNED, /* GSA_REKEY, signed */
	SITUATION_MAX
};

enum flag {
	EXCHANGE = 7,	   /* which exchange; 0: the one that is expected */
	RESPONSE = 1 << 3, /* the other way round than expected */
	AUTH = 1 << 4,	   /* the right authentication data */
	KEYS = 1 << 5,	   /* keys in KD wrapped by the right key */
	PASS = 1 << 6,	   /* then let the world deliver what is on its way */
	FRAGMENT = 1 << 7, /* its numbers are two more octets */
};

/* One end of what is fuzzed. */
struct target {
	struct fuzz_scene scene;
	enum situation situation;
	struct world_node *to, *from;
	uint8_t exchange; /* expected */
	bool response;	  /* expected */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ------------------------------------------------------------------ situations */

static void lose_all(struct target *target)
{
	target->scene.world->queued = 0;
}

static void open_sa(struct target *target)
{
	struct fuzz_scene *scene = &target->scene;

	world_join(scene->r1, scene->ks, WORLD_ALL_ALGORITHMS);
	world_step(scene->world, GIKEV2_NEVER);
	world_step(scene->world, GIKEV2_NEVER);
	lose_all(target);
	FUZZ_CHECK(scene->r1->engine->ikes->state == GIKEV2_IKE_AUTH_SENT);
	/* what it would do when the first request comes */
	FUZZ_CHECK(gikev2_sk_derive(scene->ks->engine->ikes) == 0);
	target->exchange = GIKEV2_GSA_AUTH;
}

static void register_member(struct target *target)
{
	struct fuzz_scene *scene = &target->scene;

	world_join(scene->r1, scene->ks, WORLD_ALL_ALGORITHMS);
	world_run(scene->world, 10 * GIKEV2_SECOND);
	FUZZ_CHECK(world_state(scene->r1) == GIKEV2_GM_KEY_TABLE);
	target->exchange = GIKEV2_INFORMATIONAL;
}

/* A request that waits for its answer. */
static void ask(struct target *target, uint8_t what)
{
	struct gikev2_ike *ike = target->to->engine->ikes;
	uint64_t now = target->scene.world->now;

	target->response = true;
	switch (what % 4) {
	case 0:
		gikev2_want(ike, GIKEV2_WANT_LIVENESS, now);
		break;
	case 1:
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, now);
		break;
	case 2:
		if (ike->ties)
			gikev2_member_refuse(gikev2_ike_member(ike), ike,
					     -GIKEV2_ERR_BAD_POLICY, now);
		else
			gikev2_group_rekey(target->scene.ks->group, now);
		break;
	default:
		gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, now);
	}
	lose_all(target);
	target->exchange = ike->request_exchange;
}

static void set_up(struct target *target, uint8_t what)
{
	bool server = target->situation == SERVER_AUTH ||
		      target->situation == SERVER_READY ||
		      target->situation == SERVER_ASKED;
	enum fuzz_rekey rekey = FUZZ_INBAND;

	if (target->situation == MEMBER_PUSHED)
		rekey = FUZZ_IMPLICIT;
	if (target->situation == MEMBER_SIGNED)
		rekey = FUZZ_SIGNED;
	target->scene = fuzz_scene_new(1, rekey, 1);
	target->to = server ? target->scene.ks : target->scene.r1;
	target->from = server ? target->scene.r1 : target->scene.ks;
	target->scene.forged = !server;
	if (target->situation <= MEMBER_AUTH)
		open_sa(target);
	else
		register_member(target);
	target->response = target->situation == MEMBER_AUTH;
	if (target->situation == SERVER_ASKED ||
	    target->situation == MEMBER_ASKED)
		ask(target, what);
	if (rekey != FUZZ_INBAND)
		target->exchange = GIKEV2_GSA_REKEY;
}

/* ------------------------------------------------------------- putting it right */

/* prf(prf(secret, pad), first message | nonce | prf(SK_p, ID)) */
static void make_auth(struct target *target, const struct fuzz_walk *id,
		      uint8_t *out)
{
	static const char pad_text[] = "Key Pad for IKEv2";
	const struct gikev2_ike *ike = target->scene.r1->engine->ikes;
	struct gikev2_crypto *crypto = target->from->engine->crypto;
	const struct gikev2_prf_alg *prf = ike->suite.prf;
	const struct gikev2_setup *setup = ike->setup;
	bool initiator = target->from == target->scene.r1;
	uint8_t maced[GIKEV2_PRF_MAX], key[GIKEV2_PRF_MAX];
	struct gikev2_chunk secret = { (const uint8_t *)"secret", 6 },
			    pad = { (const uint8_t *)pad_text,
				    sizeof(pad_text) - 1 },
			    body = { id->at, id->len },
			    sk_p = { initiator ? setup->sk_pi : setup->sk_pr,
				     prf->len },
			    padded = { key, prf->len };
	struct gikev2_chunk parts[] = {
		gikev2_chunk(initiator ? &setup->init_request
				       : &setup->init_response),
		gikev2_chunk(initiator ? &setup->nr : &setup->ni),
		{ maced, prf->len },
	};

	gikev2_prf(crypto, prf, sk_p, &body, 1, maced);
	gikev2_prf(crypto, prf, secret, &pad, 1, key);
	gikev2_prf(crypto, prf, padded, parts, 3, out);
}

static void right_auth(struct target *target, uint8_t first, uint8_t *text,
		       size_t len)
{
	const struct gikev2_ike *ike = target->scene.r1->engine->ikes;
	struct fuzz_walk at = { text, text + len, 0, first, 0 }, id = { 0 };

	if (!ike || !ike->setup || !ike->setup->keyed)
		return;
	while (fuzz_walk(&at)) {
		if (at.type == GIKEV2_PLD_IDI || at.type == GIKEV2_PLD_IDR)
			id = at;
		if (at.type == GIKEV2_PLD_AUTH && id.at &&
		    at.len == 4u + ike->suite.prf->len)
			make_auth(target, &id, at.at + 4);
	}
}

/* ---------------------------------------------------------------------- sealing */

struct message {
	struct gikev2_header header;
	uint8_t first, flags, number, total;
	uint8_t text[TEXT_MAX + 1]; /* with pad length */
	size_t len;
};

/* Keys and algorithms of one direction. */
struct keys {
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ;
	const uint8_t *sk_e, *sk_a;
	uint64_t *iv;
};

static void send_message(struct target *target, struct message *message,
			 const struct keys *keys)
{
	struct world *world = target->scene.world;
	struct gikev2_path path = { target->to->address,
				    target->from->address };
	bool skf = message->flags & FRAGMENT;
	size_t aad = GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN + 4 * skf;
	size_t len = aad + keys->encr->iv_len + message->len +
		     gikev2_icv_len(keys->encr, keys->integ);
	uint8_t *out = calloc(1, len);

	FUZZ_CHECK(out);
	message->header.next = skf ? GIKEV2_PLD_SKF : GIKEV2_PLD_SK;
	message->header.version = GIKEV2_VERSION;
	message->header.length = len;
	gikev2_header_put(out, &message->header);
	out[GIKEV2_HEADER_LEN] = message->first;
	gikev2_put_int(out + GIKEV2_HEADER_LEN + 2, len - GIKEV2_HEADER_LEN, 2);
	if (skf) {
		out[GIKEV2_HEADER_LEN + 5] = message->number;
		out[GIKEV2_HEADER_LEN + 7] = message->total;
	}
	gikev2_put_int(out + aad + 4, ++*keys->iv, 4);
	memcpy(out + aad + keys->encr->iv_len, message->text, message->len);
	FUZZ_CHECK(gikev2_seal(target->from->engine->crypto, keys->encr,
			       keys->integ, keys->sk_e, keys->sk_a, out, aad,
			       message->len) == 0);
	gikev2_input(target->to->engine, &path, out, len, world->now);
	free(out);
}

static uint8_t exchange_of(const struct target *target, uint8_t flags)
{
	static const uint8_t others[] = {
		0,
		GIKEV2_GSA_AUTH,
		GIKEV2_GSA_REGISTRATION,
		GIKEV2_GSA_INBAND_REKEY,
		GIKEV2_INFORMATIONAL,
		GIKEV2_CREATE_CHILD_SA,
		GIKEV2_IKE_AUTH,
		GIKEV2_GSA_REKEY,
	};

	return flags & EXCHANGE ? others[flags & EXCHANGE] : target->exchange;
}

/* Over the unicast SA. */
static void unicast(struct target *target, struct message *message)
{
	struct gikev2_ike *from = target->from->engine->ikes;
	const struct gikev2_ike *to = target->to->engine->ikes;
	bool response = target->response != !!(message->flags & RESPONSE);
	struct keys keys;
	uint8_t kwk[GIKEV2_KWK_MAX];

	if (!from || !to || !from->suite.encr ||
	    memcmp(from->spi_r, to->spi_r, GIKEV2_SPI_LEN))
		return;
	keys = (struct keys){ from->suite.encr, from->suite.integ,
			      from->initiator ? from->sk_ei : from->sk_er,
			      from->initiator ? from->sk_ai : from->sk_ar,
			      &from->iv };
	memcpy(message->header.spi_i, from->spi_i, GIKEV2_SPI_LEN);
	memcpy(message->header.spi_r, from->spi_r, GIKEV2_SPI_LEN);
	message->header.flags = (from->initiator ? GIKEV2_FLAG_I : 0) |
				(response ? GIKEV2_FLAG_R : 0);
	message->header.id = response ? to->send_id : to->recv_id;
	if (message->flags & AUTH)
		right_auth(target, message->first, message->text, message->len);
	if (message->flags & KEYS && gikev2_kwk(from, kwk) == 0)
		fuzz_right_keys(target->from->engine, message->first,
				message->text, message->len, from->suite.kwa,
				kwk);
	send_message(target, message, &keys);
}

/*
 * To the IKE SA that is to take the place of this one, and has no keys yet: the peer
 * knows its SPI by the request for it.
 */
static void to_heir(struct target *target, struct message *message)
{
	struct gikev2_ike *from = target->from->engine->ikes;
	const struct gikev2_ike *heir = target->to->engine->ikes;
	struct keys keys;

	while (heir && heir->state != GIKEV2_IKE_REKEYING)
		heir = heir->next;
	if (!heir || !from || !from->suite.encr)
		return;
	keys = (struct keys){ from->suite.encr, from->suite.integ, from->sk_ei,
			      from->sk_ai, &from->iv };
	memcpy(message->header.spi_i, heir->spi_i, GIKEV2_SPI_LEN);
	memcpy(message->header.spi_r, heir->spi_r, GIKEV2_SPI_LEN);
	message->header.exchange = GIKEV2_INFORMATIONAL;
	message->header.flags = message->flags & RESPONSE ? GIKEV2_FLAG_R : 0;
	send_message(target, message, &keys);
}

/* Over the Rekey SA. */
static void multicast(struct target *target, struct message *message)
{
	struct gikev2_kek *kek = gikev2_group_kek(target->scene.ks->group);
	struct keys keys = { kek->encr, kek->integ, kek->gsk_e, kek->gsk_a,
			     &kek->iv };

	memcpy(message->header.spi_i, kek->spi, GIKEV2_SPI_LEN);
	memcpy(message->header.spi_r, kek->spi + GIKEV2_SPI_LEN,
	       GIKEV2_SPI_LEN);
	message->header.flags = GIKEV2_FLAG_I;
	message->header.id = kek->next_id++;
	if (message->flags & KEYS)
		fuzz_right_keys(target->from->engine, message->first,
				message->text, message->len, kek->kwa,
				kek->gsk_w);
	send_message(target, message, &keys);
}

/* What can be read at all goes through the server's own signature. */
static void signed_multicast(struct target *target, struct message *message)
{
	struct gikev2_kek *kek = gikev2_group_kek(target->scene.ks->group);
	struct gikev2 *engine = target->from->engine;
	struct gikev2_path path = { target->to->address,
				    target->from->address };
	struct gikev2_payloads *payloads = &engine->scratch->rx_payloads;
	struct gikev2_octets out = { 0 };

	if (message->flags & KEYS)
		fuzz_right_keys(engine, message->first, message->text,
				message->len, kek->kwa, kek->gsk_w);
	engine->arena.used = 0;
	if (gikev2_payloads_parse((struct gikev2_chunk){ message->text,
							 message->len - 1 },
				  message->first, &engine->arena, payloads) < 0)
		return;
	if (gikev2_push_seal(engine, kek, payloads, false, &out) == 0)
		gikev2_input(target->to->engine, &path, out.ptr, out.len,
			     target->scene.world->now);
	gikev2_octets_free(&out);
}

static void one_message(struct target *target, struct fuzz_input *input)
{
	static struct message message;
	struct gikev2_chunk from;

	memset(&message, 0, sizeof(message));
	message.flags = fuzz_u8(input);
	message.first = fuzz_u8(input);
	from = fuzz_take(input, fuzz_u16(input) % TEXT_MAX);
	if (message.flags & FRAGMENT) {
		message.number = fuzz_u8(input);
		message.total = fuzz_u8(input);
	}
	if (from.len)
		memcpy(message.text, from.ptr, from.len);
	message.len = from.len + 1;
	message.header.exchange = exchange_of(target, message.flags);
	if (message.header.exchange != GIKEV2_GSA_REKEY)
		unicast(target, &message);
	else if (target->situation == MEMBER_SIGNED)
		signed_multicast(target, &message);
	else if (target->situation == MEMBER_PUSHED)
		multicast(target, &message);
	else
		to_heir(target, &message);
	fuzz_check(&target->scene);
	if (message.flags & PASS)
		world_run(target->scene.world, GIKEV2_SECOND);
	fuzz_check(&target->scene);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct target target = { .situation = fuzz_u8(&input) % SITUATION_MAX };

	set_up(&target, fuzz_u8(&input));
	for (int i = 0; input.left && i < MESSAGES_MAX; i++)
		one_message(&target, &input);
	/* what was set going comes to an end by itself */
	world_run(target.scene.world, 100 * GIKEV2_SECOND);
	fuzz_check(&target.scene);
	fuzz_scene_free(&target.scene);
	return 0;
}
