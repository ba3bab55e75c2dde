// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests and responses over an IKE SA: Message IDs, a window of one,
 * retransmission, liveness (RFC 7296 sections 2.1 to 2.4).
 */
#include <string.h>

#include "gikev2/gikev2_addke.h"
#include "gikev2/gikev2_state.h"

/* Doubling stops here. */
#define BACKOFF_SHIFT_MAX 5
/* Transmissions of a first message to one of several servers: 15 seconds. */
#define TRIES_OF_SEVERAL 4

static struct gikev2_buf out_buf(struct gikev2 *engine)
{
	return (struct gikev2_buf){ .ptr = engine->scratch->out,
				    .size = sizeof(engine->scratch->out) };
}

void gikev2_ike_send(struct gikev2_ike *ike, const struct gikev2_path *path,
		     const struct gikev2_octets *flight, uint64_t now)
{
	ike->last_sent = now;
	gikev2_flight_send(ike->engine, path, gikev2_chunk(flight));
}

/* ------------------------------------------------------------- cleartext */

static int clear_message(struct gikev2 *engine, struct gikev2_header *header,
			 const struct gikev2_payloads *payloads,
			 struct gikev2_buf *out)
{
	*out = out_buf(engine);
	gikev2_buf_zero(out, GIKEV2_HEADER_LEN);
	header->version = GIKEV2_VERSION;
	header->next = gikev2_payloads_generate(payloads, out);
	if (out->overflow)
		return -GIKEV2_ERR_TOO_LONG;
	header->length = out->len;
	gikev2_header_put(out->ptr, header);
	return 0;
}

static void arm_retransmission(struct gikev2_ike *ike, uint64_t now)
{
	unsigned int shift = ike->tries - 1;

	if (shift > BACKOFF_SHIFT_MAX)
		shift = BACKOFF_SHIFT_MAX;
	gikev2_timer_set(&ike->engine->timers, &ike->timer,
			 now + (ike->engine->params.retransmit_time << shift));
}

static int send_request(struct gikev2_ike *ike, uint8_t exchange,
			const struct gikev2_buf *message, uint64_t now)
{
	int ret = gikev2_octets_set(&ike->request, message->ptr, message->len);

	if (ret < 0)
		return ret;
	ike->request_exchange = exchange;
	ike->tries = 1;
	gikev2_ike_changed(ike);
	arm_retransmission(ike, now);
	/* a datagram that cannot be sent now is one that was lost */
	gikev2_ike_send(ike, &ike->path, &ike->request, now);
	return 0;
}

/* The first message, in the clear; it will be signed by AUTH. */
int gikev2_send_init(struct gikev2_ike *ike, struct gikev2_payloads *payloads,
		     uint64_t now)
{
	struct gikev2_header header = { .exchange = GIKEV2_IKE_SA_INIT,
					.flags = GIKEV2_FLAG_I };
	struct gikev2_buf message;
	int ret;

	memcpy(header.spi_i, ike->spi_i, GIKEV2_SPI_LEN);
	ret = clear_message(ike->engine, &header, payloads, &message);
	if (ret == 0)
		ret = gikev2_octets_set(&ike->setup->init_request, message.ptr,
					message.len);
	if (ret == 0)
		ret = send_request(ike, GIKEV2_IKE_SA_INIT, &message, now);
	return ret;
}

/* A response in the clear to rx; *keep, when given, gets a copy. */
int gikev2_send_clear(struct gikev2_rx *rx, const uint8_t *spi_r,
		      struct gikev2_payloads *payloads,
		      struct gikev2_octets *keep)
{
	struct gikev2_header header = rx->header;
	struct gikev2_buf message;
	int ret;

	header.flags = GIKEV2_FLAG_R |
		       (rx->header.flags & GIKEV2_FLAG_I ? 0 : GIKEV2_FLAG_I);
	memcpy(header.spi_r, spi_r, GIKEV2_SPI_LEN);
	ret = clear_message(rx->engine, &header, payloads, &message);
	if (ret == 0 && keep)
		ret = gikev2_octets_set(keep, message.ptr, message.len);
	if (ret == 0)
		ret = gikev2_output(rx->engine, rx->path, message.ptr,
				    message.len);
	return ret;
}

/* --------------------------------------------------------------- protected */

int gikev2_request(struct gikev2_ike *ike, uint8_t exchange,
		   const struct gikev2_payloads *payloads, uint64_t now)
{
	struct gikev2_buf message = out_buf(ike->engine);
	int ret = gikev2_sk_seal(ike, exchange, false, ike->send_id, payloads,
				 &message);

	if (ret < 0)
		return ret;
	return send_request(ike, exchange, &message, now);
}

int gikev2_respond(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		   const struct gikev2_payloads *payloads)
{
	struct gikev2_buf message = out_buf(ike->engine);
	int ret = gikev2_sk_seal(ike, rx->header.exchange, true, rx->header.id,
				 payloads, &message);

	if (ret < 0)
		return ret;
	/* without memory for the copy, a repeat of the request goes unanswered
	 * and the peer gives up: better than a second processing */
	ret = gikev2_octets_set(&ike->response, message.ptr, message.len);
	ike->recv_id = rx->header.id + 1;
	ike->last_sent = rx->now;
	gikev2_ike_changed(ike);
	gikev2_flight_send(ike->engine, rx->path,
			   (struct gikev2_chunk){ message.ptr, message.len });
	return ret;
}

int gikev2_respond_notify(struct gikev2_ike *ike, const struct gikev2_rx *rx,
			  uint16_t type, const void *data, size_t len)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);

	if (type)
		gikev2_notify_add(tx, type, data, len);
	return gikev2_respond(ike, rx, tx);
}

/* ------------------------------------------------------- what is to be said */

static int send_delete(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_payloads *tx = gikev2_tx(ike->engine);
	uint16_t why = gikev2_err_to_notify(ike->failed);

	/* RFC 7296 section 2.21.2: the responder is to know */
	if (why == GIKEV2_N_AUTHENTICATION_FAILED)
		gikev2_notify_add(tx, why, NULL, 0);
	gikev2_payload_add(tx, GIKEV2_PLD_DELETE)->delete.protocol =
		GIKEV2_PROTO_IKE;
	ike->state = GIKEV2_IKE_DELETING;
	return gikev2_request(ike, GIKEV2_INFORMATIONAL, tx, now);
}

/* The message in hand has the arena, and perhaps half an answer. */
static void defer(struct gikev2_ike *ike)
{
	struct gikev2_ike **end = &ike->engine->deferred;

	if (ike->deferred)
		return;
	while (*end)
		end = &(*end)->deferred_next;
	*end = ike;
	ike->deferred_next = NULL;
	ike->deferred = true;
}

/* Sends the most urgent request, when none is outstanding. */
static void next_request(struct gikev2_ike *ike, uint64_t now)
{
	int ret = 0;

	if (ike->request.ptr || (ike->state != GIKEV2_IKE_ESTABLISHED &&
				 ike->state != GIKEV2_IKE_INTERMEDIATE_SENT))
		return;
	if (ike->engine->handling) {
		defer(ike);
		return;
	}
	ike->engine->arena.used = 0;
	if (ike->state == GIKEV2_IKE_INTERMEDIATE_SENT) {
		ret = gikev2_setup_continue(ike, now);
	} else if (ike->wants & GIKEV2_WANT_LEAVE) {
		ike->wants &= ~GIKEV2_WANT_LEAVE;
		ret = gikev2_send_leave(ike, now);
	} else if (ike->wants & GIKEV2_WANT_DELETE) {
		ret = send_delete(ike, now);
	} else if (ike->wants & GIKEV2_WANT_FOLLOWUP) {
		ike->wants &= ~GIKEV2_WANT_FOLLOWUP;
		ret = gikev2_send_followup(ike, now);
	} else if (ike->wants & GIKEV2_WANT_REKEY) {
		ike->wants &= ~GIKEV2_WANT_REKEY;
		ret = gikev2_send_rekey(ike, now);
	} else if (ike->wants & GIKEV2_WANT_REGISTER) {
		ike->wants &= ~GIKEV2_WANT_REGISTER;
		ret = gikev2_send_registration(ike, now);
	} else if (ike->wants & GIKEV2_WANT_REKEY_IKE) {
		ike->wants &= ~GIKEV2_WANT_REKEY_IKE;
		ret = gikev2_rekey_ike(ike, now);
	} else if (ike->wants & GIKEV2_WANT_LIVENESS) {
		ike->wants &= ~GIKEV2_WANT_LIVENESS;
		ret = gikev2_request(ike, GIKEV2_INFORMATIONAL,
				     gikev2_tx(ike->engine), now);
	}
	if (ret < 0)
		gikev2_ike_end(ike, gikev2_count(ike->engine, ret), now);
}

void gikev2_run_deferred(struct gikev2 *engine, uint64_t now)
{
	while (engine->deferred) {
		struct gikev2_ike *ike = engine->deferred;

		engine->deferred = ike->deferred_next;
		ike->deferred = false;
		if (!ike->dead)
			next_request(ike, now);
	}
}

void gikev2_want(struct gikev2_ike *ike, enum gikev2_want want, uint64_t now)
{
	ike->wants |= want;
	next_request(ike, now);
}

/* The response came: the window is open again. */
void gikev2_request_done(struct gikev2_ike *ike, uint64_t now)
{
	gikev2_octets_free(&ike->request);
	ike->send_id++;
	if (ike->state == GIKEV2_IKE_ESTABLISHED)
		gikev2_timer_set(&ike->engine->timers, &ike->timer,
				 now + ike->engine->params.liveness_time);
	next_request(ike, now);
}

/* -------------------------------------------------------------------- time */

/* No answer that counts; but one that tells why is worth more than silence. */
static int why_no_answer(const struct gikev2_ike *ike)
{
	if (ike->state != GIKEV2_IKE_INIT_SENT || !ike->setup->no_proposal)
		return -GIKEV2_ERR_TIMEOUT;
	return gikev2_problem(
		ike->engine, -GIKEV2_ERR_NO_PROPOSAL,
		"it takes none of our proposals for an IKE SA: no algorithms in common, or it is no G-IKEv2 key server");
}

/* A first message is not repeated for long where others may answer. */
static uint32_t tries_max(const struct gikev2_ike *ike)
{
	const struct gikev2_member *member = gikev2_ike_member(ike);
	uint32_t tries = ike->engine->params.retransmit_tries;

	if (ike->state == GIKEV2_IKE_INIT_SENT && member &&
	    gikev2_member_has_others(member) && tries > TRIES_OF_SEVERAL)
		return TRIES_OF_SEVERAL;
	return tries;
}

static void retransmit(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2 *engine = ike->engine;

	if (ike->tries >= tries_max(ike)) {
		gikev2_ike_end(ike, gikev2_count(engine, why_no_answer(ike)),
			       now);
		return;
	}
	ike->tries++;
	engine->totals.retransmissions++;
	gikev2_ike_send(ike, &ike->path, &ike->request, now);
	arm_retransmission(ike, now);
}

/* How long a peer goes on repeating a request that we answered. */
static uint64_t give_up_time(const struct gikev2_params *params)
{
	uint64_t time = 0;

	for (uint32_t i = 0; i < params->retransmit_tries; i++)
		time += params->retransmit_time
			<< (i < BACKOFF_SHIFT_MAX ? i : BACKOFF_SHIFT_MAX);
	return time;
}

/*
 * Serves nobody: whoever should delete it may not have heard from us yet.  That
 * it is alive does not keep it: a peer that believes itself registered has to
 * learn better.
 */
static void idle_orphan(struct gikev2_ike *ike, uint64_t now)
{
	uint64_t due;

	if (!ike->orphaned)
		ike->orphaned = now;
	due = ike->orphaned + give_up_time(&ike->engine->params);
	if (due <= now)
		gikev2_want(ike, GIKEV2_WANT_DELETE, now);
	else
		gikev2_timer_set(&ike->engine->timers, &ike->timer, due);
}

/* All that it serves is rekeyed by multicast: it has done its work. */
static bool is_needless(const struct gikev2_ike *ike)
{
	const struct gikev2_gm *gm = ike->gms;

	while (gm && !gikev2_group_keeps_sas(gm->group))
		gm = gm->ike_next;
	return ike->server && ike->gms && !gm;
}

/* Nothing outstanding on an established SA: is the peer still there? */
static void idle(struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2 *engine = ike->engine;
	uint64_t due = ike->last_seen + engine->params.liveness_time;

	if (ike->state != GIKEV2_IKE_ESTABLISHED)
		return;
	if (!ike->ties && !ike->gms) {
		idle_orphan(ike, now);
		return;
	}
	ike->orphaned = 0;
	if (is_needless(ike))
		gikev2_ike_delete(ike, -GIKEV2_ERR_ADMIN, now);
	else if (ike->rekey_at <= now)
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, now);
	else if (due <= now)
		gikev2_want(ike, GIKEV2_WANT_LIVENESS, now);
	else
		gikev2_timer_set(&engine->timers, &ike->timer,
				 due < ike->rekey_at ? due : ike->rekey_at);
}

void gikev2_ike_timer(void *owner, uint64_t now)
{
	struct gikev2_ike *ike = owner;

	if (ike->state == GIKEV2_IKE_HALF_OPEN ||
	    (ike->state == GIKEV2_IKE_REKEYING && !ike->initiator))
		gikev2_ike_end(ike,
			       gikev2_count(ike->engine, GIKEV2_ERR_TIMEOUT),
			       now);
	else if (ike->request.ptr)
		retransmit(ike, now);
	else
		idle(ike, now);
}
