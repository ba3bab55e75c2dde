// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel: receivers and their sessions.
 */
#include <stdlib.h>
#include <string.h>

#include "mrkm/mrkm_sender_internal.h"

/* How long a receiver may take to answer. */
#define ANSWER_TIME (5 * KEYTABLE_SECOND)

/* Back-off between sessions that failed, and greetings without an answer. */
#define RETRY_MIN KEYTABLE_SECOND
#define RETRY_MAX (32 * KEYTABLE_SECOND)
#define GREETINGS_MAX 8

const char *mrkm_receiver_state_text(enum mrkm_receiver_state state)
{
	static const char *const texts[] = {
		[MRKM_RECEIVER_AWAY] = "away",
		[MRKM_RECEIVER_WAITING] = "waiting",
		[MRKM_RECEIVER_GREETED] = "greeted",
		[MRKM_RECEIVER_SYNCING] = "synchronizing",
		[MRKM_RECEIVER_SYNCED] = "synchronized",
	};

	return texts[state];
}

struct mrkm_sender *
mrkm_sender_new(const struct mrkm_sender_callbacks *callbacks, void *arg,
		const struct mrkm_wrap_key *key)
{
	struct mrkm_sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return NULL;
	sender->callbacks = callbacks;
	sender->arg = arg;
	sender->key = *key;
	sender->name = "mrkmd";
	return sender;
}

void mrkm_sender_free(struct mrkm_sender *sender)
{
	if (!sender)
		return;
	mrkm_sender_free_sets(sender);
	mrkm_wrap_key_wipe(&sender->key);
	free(sender);
}

void mrkm_sender_set_name(struct mrkm_sender *sender, const char *name)
{
	sender->name = name;
}

const struct mrkm_wrap_key *
mrkm_sender_wrap_key(const struct mrkm_sender *sender)
{
	return &sender->key;
}

const uint64_t *mrkm_sender_counters(const struct mrkm_sender *sender)
{
	return sender->counters;
}

/* --------------------------------------------------------------- receivers */

static bool same_peer(const struct mrkm_peer *a, const struct mrkm_peer *b)
{
	return a->proto == b->proto && a->instance == b->instance &&
	       a->session == b->session;
}

static struct receiver *find_receiver(struct mrkm_sender *sender,
				      const struct mrkm_peer *peer)
{
	for_each_receiver(r, sender)
		if (same_peer(&r->peer, peer))
			return r;
	return NULL;
}

/* Takes a free place, else that of one that is away. */
static struct receiver *add_receiver(struct mrkm_sender *sender,
				     const struct mrkm_peer *peer)
{
	struct receiver *place = NULL;

	for (size_t i = 0; i < MRKM_RECEIVERS_MAX; i++) {
		struct receiver *r = &sender->receivers[i];

		if (!r->used) {
			place = r;
			break;
		}
		if (r->state == MRKM_RECEIVER_AWAY)
			place = r;
	}
	if (!place)
		return NULL;
	memset(place, 0, sizeof(*place));
	place->used = true;
	place->peer = *peer;
	place->retry = RETRY_MIN;
	return place;
}

static const struct mrkm_capability *find_capability(const struct receiver *r,
						     uint8_t protocol)
{
	for (size_t i = 0; i < r->hello.capability_count; i++)
		if (r->hello.capabilities[i].protocol == protocol)
			return &r->hello.capabilities[i];
	return NULL;
}

bool mrkm_sender_takes(const struct receiver *r, uint8_t protocol)
{
	return r->state >= MRKM_RECEIVER_SYNCING &&
	       find_capability(r, protocol);
}

uint32_t mrkm_sender_algorithms(const struct mrkm_sender *sender,
				uint8_t protocol)
{
	const struct mrkm_capability *capability;
	uint32_t algorithms = UINT32_MAX;
	bool seen = false;

	for (size_t i = 0; i < MRKM_RECEIVERS_MAX; i++) {
		capability = find_capability(&sender->receivers[i], protocol);
		if (!capability)
			continue;
		seen = true;
		if (capability->algorithms & MRKM_ALGORITHMS_UNKNOWN)
			return 0;
		algorithms &= capability->algorithms;
	}
	return seen ? algorithms : 0;
}

enum mrkm_err mrkm_sender_obstacle(const struct mrkm_sender *sender,
				   uint8_t protocol)
{
	const struct mrkm_capability *capability;
	bool seen = false;

	if (mrkm_sender_algorithms(sender, protocol))
		return MRKM_ERR_OK;
	for (size_t i = 0; i < MRKM_RECEIVERS_MAX; i++) {
		capability = find_capability(&sender->receivers[i], protocol);
		if (!capability)
			continue;
		seen = true;
		if (capability->algorithms & MRKM_ALGORITHMS_UNKNOWN)
			return MRKM_ERR_NO_GUARD;
	}
	if (!seen)
		return MRKM_ERR_NOT_CONNECTED;
	return keytable_protocol_by_wire(protocol)->applier ==
			       KEYTABLE_APPLY_IPSEC
		       ? MRKM_ERR_KERNEL
		       : MRKM_ERR_ALGORITHM;
}

/*
 * A daemon that has just started does not know yet what its kernel can do.
 * That is no reason to leave a group and to come back.
 */
static void keep_known(const struct receiver *r, struct mrkm_msg *msg)
{
	const struct mrkm_capability *known;

	for (size_t i = 0; i < msg->capability_count; i++) {
		struct mrkm_capability *said = &msg->capabilities[i];

		known = find_capability(r, said->protocol);
		if (known && said->algorithms & MRKM_ALGORITHMS_UNKNOWN)
			said->algorithms = known->algorithms;
	}
}

/* Takes a receiver's HELLO, and tells of every capability that changed. */
static void take_hello(struct mrkm_sender *sender, struct receiver *r,
		       const struct mrkm_msg *msg)
{
	struct {
		uint32_t algorithms;
		enum mrkm_err obstacle;
	} before[KEYTABLE_PROTOCOLS];
	const struct keytable_protocol *protocols;
	struct mrkm_msg hello = *msg;
	size_t count;

	protocols = keytable_protocols(&count);
	for (size_t i = 0; i < count; i++) {
		before[i].algorithms =
			mrkm_sender_algorithms(sender, protocols[i].wire);
		before[i].obstacle =
			mrkm_sender_obstacle(sender, protocols[i].wire);
	}
	keep_known(r, &hello);
	r->hello = hello;
	for (size_t i = 0; i < count; i++) {
		uint8_t wire = protocols[i].wire;
		uint32_t algorithms = mrkm_sender_algorithms(sender, wire);

		if (algorithms != before[i].algorithms ||
		    mrkm_sender_obstacle(sender, wire) != before[i].obstacle)
			sender->callbacks->capability(sender->arg, wire,
						      algorithms);
	}
}

void mrkm_sender_visit_receivers(
	const struct mrkm_sender *sender,
	void (*visit)(void *arg, const struct mrkm_receiver_status *status),
	void *arg)
{
	for (size_t i = 0; i < MRKM_RECEIVERS_MAX; i++) {
		const struct receiver *r = &sender->receivers[i];
		struct mrkm_receiver_status status = {
			.peer = r->peer,
			.state = r->state,
			.daemon = r->hello.daemon,
			.instance = r->hello.instance,
			.capability_count = r->hello.capability_count,
			.capabilities = r->hello.capabilities,
			.sessions = r->sessions,
			.malformed = r->malformed,
		};

		if (!r->used)
			continue;
		mrkm_sender_count_keys(sender, r, &status.keys_installed,
				       &status.keys_refused);
		visit(arg, &status);
	}
}

/* ------------------------------------------------------------------ output */

/* To one receiver in its session, or to all, which is no session. */
static void send_msg(struct mrkm_sender *sender, const struct receiver *r,
		     struct mrkm_msg *msg)
{
	uint8_t octets[MRKM_MSG_MAX];
	int err, len;

	msg->boot = sender->key.boot;
	msg->session = r ? r->session : 0;
	err = len = mrkm_msg_encode(msg, octets, sizeof(octets));
	if (len > 0)
		err = sender->callbacks->send(sender->arg, r ? &r->peer : NULL,
					      octets, len);
	/* Whatever is lost will be missed: its answer does not come. */
	if (err)
		sender->counters[MRKM_ERR_OUTPUT]++;
}

void mrkm_sender_send_numbered(struct mrkm_sender *sender, struct receiver *r,
			       struct mrkm_msg *msg, uint64_t now)
{
	if (r->answered == r->sent)
		r->deadline = now + ANSWER_TIME;
	msg->serial = ++r->sent;
	r->state = MRKM_RECEIVER_SYNCING;
	send_msg(sender, r, msg);
}

static void send_greeting(struct mrkm_sender *sender, const struct receiver *r)
{
	struct mrkm_msg msg = { .type = MRKM_MSG_HELLO,
				.role = MRKM_ROLE_MRKMD };

	memcpy(msg.daemon, sender->name,
	       strnlen(sender->name, MRKM_DAEMON_MAX));
	send_msg(sender, r, &msg);
}

/* ---------------------------------------------------------------- sessions */

static void begin_session(struct mrkm_sender *sender, struct receiver *r,
			  uint64_t now)
{
	r->session = ++sender->session;
	r->sent = r->answered = 0;
	r->state = MRKM_RECEIVER_GREETED;
	r->begun = now;
	r->deadline = now + ANSWER_TIME;
	r->greetings++;
	send_greeting(sender, r);
}

/*
 * Something went wrong: start again, each time a bit later, unless it had gone
 * well for long.  A receiver that never answers is taken for gone; zebra will
 * tell when it registers again.
 */
static void retry_session(struct receiver *r, uint64_t now)
{
	if (r->state == MRKM_RECEIVER_WAITING)
		return;
	if (r->greetings >= GREETINGS_MAX) {
		r->state = MRKM_RECEIVER_AWAY;
		return;
	}
	if (now - r->begun > 2 * RETRY_MAX)
		r->retry = RETRY_MIN;
	r->state = MRKM_RECEIVER_WAITING;
	r->deadline = now + r->retry;
	r->retry = r->retry * 2 > RETRY_MAX ? RETRY_MAX : r->retry * 2;
}

static void sync_receiver(struct mrkm_sender *sender, struct receiver *r,
			  uint64_t now)
{
	struct mrkm_msg msg = { .type = MRKM_MSG_SYNCED };

	r->state = MRKM_RECEIVER_SYNCING;
	mrkm_sender_send_sets(sender, r, now);
	mrkm_sender_send_numbered(sender, r, &msg, now);
}

void mrkm_sender_registered(struct mrkm_sender *sender,
			    const struct mrkm_peer *peer, uint64_t now)
{
	struct receiver *r = find_receiver(sender, peer);

	if (!r)
		r = add_receiver(sender, peer);
	if (!r) {
		sender->counters[MRKM_ERR_LIMIT]++;
		return;
	}
	r->retry = RETRY_MIN;
	r->greetings = 0;
	begin_session(sender, r, now);
}

/*
 * zebra says so when a session closes, which may be that of a process whose
 * successor is there already: ask once.
 */
void mrkm_sender_gone(struct mrkm_sender *sender, const struct mrkm_peer *peer,
		      uint64_t now)
{
	for_each_receiver(r, sender) {
		if (peer && !same_peer(&r->peer, peer))
			continue;
		begin_session(sender, r, now);
		r->state = MRKM_RECEIVER_AWAY;
	}
}

void mrkm_sender_connected(struct mrkm_sender *sender)
{
	send_greeting(sender, NULL);
}

void mrkm_sender_disconnected(struct mrkm_sender *sender)
{
	for_each_receiver(r, sender)
		r->state = MRKM_RECEIVER_AWAY;
}

static bool has_deadline(const struct receiver *r)
{
	return r->used && (r->state == MRKM_RECEIVER_WAITING ||
			   r->state == MRKM_RECEIVER_GREETED ||
			   r->state == MRKM_RECEIVER_SYNCING);
}

void mrkm_sender_expire(struct mrkm_sender *sender, uint64_t now)
{
	for_each_receiver(r, sender) {
		if (!has_deadline(r) || r->deadline > now)
			continue;
		if (r->state == MRKM_RECEIVER_WAITING) {
			begin_session(sender, r, now);
		} else {
			sender->counters[MRKM_ERR_NO_ANSWER]++;
			retry_session(r, now);
		}
	}
}

uint64_t mrkm_sender_deadline(const struct mrkm_sender *sender)
{
	uint64_t deadline = KEYTABLE_NEVER;

	for (size_t i = 0; i < MRKM_RECEIVERS_MAX; i++) {
		const struct receiver *r = &sender->receivers[i];

		if (has_deadline(r) && r->deadline < deadline)
			deadline = r->deadline;
	}
	return deadline;
}

/* ------------------------------------------------------------------- input */

static int on_hello(struct mrkm_sender *sender, struct receiver *r,
		    const struct mrkm_msg *msg, uint64_t now)
{
	if (msg->role != MRKM_ROLE_RECEIVER)
		return -MRKM_ERR_BAD_SENDER;
	r->greetings = 0;
	take_hello(sender, r, msg);
	if (msg->session && msg->session == r->session) {
		if (r->state > MRKM_RECEIVER_GREETED)
			return -MRKM_ERR_OUT_OF_ORDER;
		r->sessions++;
		sync_receiver(sender, r, now);
	} else if (r->state == MRKM_RECEIVER_AWAY) {
		/* It answers the greeting to all. */
		r->retry = RETRY_MIN;
		begin_session(sender, r, now);
	}
	return 0;
}

static int check_answer(const struct receiver *r, const struct mrkm_msg *msg)
{
	if (r->state < MRKM_RECEIVER_SYNCING || msg->session != r->session ||
	    msg->boot != r->hello.boot)
		return -MRKM_ERR_OUT_OF_SESSION;
	if (msg->serial > r->sent)
		return -MRKM_ERR_OUT_OF_ORDER;
	return 0;
}

/* Serial 0 answers nothing: the receiver speaks unasked. */
static void take_answer(struct receiver *r, uint32_t serial, uint64_t now)
{
	if (serial <= r->answered)
		return;
	r->answered = serial;
	r->deadline = now + ANSWER_TIME;
	if (r->answered == r->sent)
		r->state = MRKM_RECEIVER_SYNCED;
}

/* Does it help to say it again? */
static bool is_transient(uint8_t result)
{
	return result == MRKM_ERR_NO_WRAP_KEY || result == MRKM_ERR_UNWRAP ||
	       result == MRKM_ERR_NO_MEMORY || result == MRKM_ERR_CRYPTO;
}

static int on_status(struct mrkm_sender *sender, struct receiver *r,
		     const struct mrkm_msg *msg, uint64_t now)
{
	int err = check_answer(r, msg);

	if (err)
		return err;
	mrkm_sender_take_results(sender, r, msg);
	if (msg->result == MRKM_ERR_NO_WRAP_KEY)
		sender->callbacks->wrap_key_missing(sender->arg, &sender->key);
	if (is_transient(msg->result))
		retry_session(r, now);
	else
		take_answer(r, msg->serial, now);
	return 0;
}

static int on_synced(struct mrkm_sender *sender, struct receiver *r,
		     const struct mrkm_msg *msg, uint64_t now)
{
	int err = check_answer(r, msg);

	(void)sender;
	if (!err)
		take_answer(r, msg->serial, now);
	return err;
}

/* The receiver's reason is counted here, too: it is where people look. */
static int on_resync(struct mrkm_sender *sender, struct receiver *r,
		     const struct mrkm_msg *msg, uint64_t now)
{
	if (msg->session != r->session)
		return -MRKM_ERR_OUT_OF_SESSION;
	sender->counters[msg->result]++;
	retry_session(r, now);
	return 0;
}

static int (*const handlers[MRKM_MSG_TYPE_MAX])(struct mrkm_sender *,
						struct receiver *,
						const struct mrkm_msg *,
						uint64_t) = {
	[MRKM_MSG_HELLO] = on_hello,
	[MRKM_MSG_SYNCED] = on_synced,
	[MRKM_MSG_STATUS] = on_status,
	[MRKM_MSG_RESYNC] = on_resync,
};

/* Who is it, and may it say that? */
static int find_speaker(struct mrkm_sender *sender,
			const struct mrkm_peer *peer,
			const struct mrkm_msg *msg, struct receiver **r)
{
	if (!handlers[msg->type])
		return -MRKM_ERR_BAD_SENDER;
	*r = find_receiver(sender, peer);
	if (*r)
		return 0;
	if (msg->type != MRKM_MSG_HELLO || msg->role != MRKM_ROLE_RECEIVER)
		return -MRKM_ERR_OUT_OF_SESSION;
	*r = add_receiver(sender, peer);
	return *r ? 0 : -MRKM_ERR_LIMIT;
}

int mrkm_sender_input(struct mrkm_sender *sender, const struct mrkm_peer *peer,
		      const uint8_t *octets, size_t len, uint64_t now)
{
	struct receiver *r;
	struct mrkm_msg msg;
	int err = mrkm_msg_decode(&msg, octets, len);

	if (err) {
		/* Who knows what it said: start again with that receiver. */
		r = find_receiver(sender, peer);
		if (r) {
			r->malformed++;
			retry_session(r, now);
		}
	} else {
		err = find_speaker(sender, peer, &msg, &r);
		if (!err)
			err = handlers[msg.type](sender, r, &msg, now);
	}
	if (err)
		sender->counters[-err]++;
	return err;
}
