// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A router for the fuzzer of the key channel: mrkmd, some receivers, and a zebra
 * between them.  There is one; all that happens in it follows from its calls.
 */
#ifndef FUZZ_ROUTER_H
#define FUZZ_ROUTER_H

#include "fuzz_util.h"
#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"

#define ROUTER_DAEMONS 3
#define ROUTER_STRANGERS 3 /* more peers, with nobody behind them */
#define ROUTER_NAMES 3
#define ROUTER_PROTOCOLS 3
#define ROUTER_HELD_MAX 16
#define ROUTER_QUEUE_MAX 256
#define ROUTER_MADE_MAX 1024

/* Of groups and key chains. */
extern const char *const router_names[ROUTER_NAMES];
extern const uint8_t router_protocols[ROUTER_PROTOCOLS];

/* What mrkmd has of one (group, protocol). */
struct set {
	const char *key_chain; /* NULL: nothing */
	bool known;
	struct keytable_row row;
};

/* What a receiver has of it. */
struct held {
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1];
	uint8_t protocol;
	size_t count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
};

struct daemon {
	struct mrkm_receiver end;
	struct mrkm_peer peer;
	bool finds_file;
	struct held held[ROUTER_HELD_MAX];
	size_t held_count;
};

struct head {
	bool to_mrkmd, to_all;
	size_t peer; /* daemon or stranger */
};

struct packet {
	struct head head;
	size_t len;
	uint8_t octets[MRKM_MSG_MAX];
};

/* Anything that mrkmd ever told. */
struct made {
	const char *group, *key_chain;
	struct keytable_row row;
};

struct router {
	struct mrkm_sender *sender;
	struct mrkm_wrap_key key;
	struct set sets[ROUTER_NAMES][ROUTER_PROTOCOLS];
	struct daemon daemons[ROUTER_DAEMONS];
	struct packet queue[ROUTER_QUEUE_MAX]; /* a ring */
	size_t first, queued;
	struct made made[ROUTER_MADE_MAX];
	size_t made_count;
	uint64_t now, boots;
	uint32_t keys;
	bool honest; /* zebra loses and repeats, and makes nothing up */
};

extern struct router w;

/* Everything is new; nobody has heard of anybody. */
void router_new(void);
void router_free(void);

/* zebra: carries what is next, loses it, carries something of its own. */
struct mrkm_peer router_peer(size_t i);
struct packet *router_next(void);
void router_drop(void);
void router_enqueue(struct head head, const uint8_t *octets, size_t len);
void router_hand_over(struct head head, const uint8_t *octets, size_t len);
void router_deliver(void);
void router_zebra_starts(void);

/* New processes, which know nothing. */
void router_mrkmd_starts(void);
void router_daemon_starts(size_t i);

/* A key as it should be, and another one each time. */
struct keytable_row router_row(uint8_t protocol);
/* mrkmd tells it. */
void router_set(size_t group, size_t protocol, size_t chain,
		const struct keytable_row *row);

/* Time passes at mrkmd. */
void router_advance(uint64_t time);

/* Each receiver has what mrkmd has. */
void router_check(void);

#endif /* FUZZ_ROUTER_H */
