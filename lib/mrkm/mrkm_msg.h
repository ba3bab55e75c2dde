// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel: messages between mrkmd, which has the keys, and its
 * receivers, the modules inside the daemons that use them.
 *
 * They travel as ZAPI opaque messages through zebra, by unicast, but for the
 * one HELLO that asks who is there.  Every message of mrkmd is about one
 * session with one receiver:
 *
 *	mrkmd				receiver
 *	HELLO(session)	------------>
 *			<------------	HELLO(session, capabilities)
 *	BIND, KEYS, ...	------------>	   each is answered by
 *			<------------	STATUS(serial, result for each key)
 *	SYNCED		------------>
 *			<------------	SYNCED(serial)
 *	KEYS, WITHDRAW	------------>	   as they come
 *
 * HELLO starts a session anew at any time.  A receiver that cannot read a
 * message, or sees a gap in the serial numbers, says RESYNC, and is given a
 * new session; what it holds stays in use meanwhile.
 *
 * The same messages go from the module in pimd, pim6d or ospf6d, which then is
 * in mrkmd's place, to the one in zebra: those daemons say which rows protect
 * which interfaces, and zebra has the kernel do it.  There a group is a key
 * chain.
 */
#ifndef MRKM_MSG_H
#define MRKM_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_err.h"

/*
 * Private numbers.  ZAPI opaque message types below 1000 are for FRR itself
 * (zapi_opaque_registry has used 1..9 so far).  They stand for directions,
 * because zebra tells of registrations by type.
 */
#define MRKM_ZAPI_TO_RECEIVER 848201 /* receivers register for it */
#define MRKM_ZAPI_TO_MRKMD 848202    /* mrkmd registers for it */
#define MRKM_ZAPI_TO_KERNEL 848203   /* zebra's module does */
#define MRKM_ZAPI_FROM_KERNEL 848204 /* who speaks to that one does */

/*
 * ZAPI sessions are (protocol, instance, session).  Ours have an instance of
 * their own, so that zebra takes them for nobody's: when a client goes away,
 * zebra removes the routes, and at its return revives the graceful restart
 * state, of the client's (protocol, instance).
 */
#define MRKM_ZAPI_INSTANCE 848
#define MRKM_ZAPI_SESSION 1 /* plus the daemon's own instance number */

#define MRKM_MSG_VERSION 2

/* Octets of the longest message; zebra's limit is 16384 with its headers. */
#define MRKM_MSG_MAX 14336

#define MRKM_INTERFACES_MAX 255 /* that one key chain protects */
#define MRKM_NAME_MAX 128	/* group, key chain: characters */
#define MRKM_DAEMON_MAX 16	/* daemon: characters */
#define MRKM_CAPABILITIES_MAX 8 /* protocols of one daemon */

/* A wrapped key: RFC 5649 over a digest and the key (mrkm_wrap.h). */
#define MRKM_DIGEST_LEN 32
#define MRKM_WRAPPED_MAX (8 + MRKM_DIGEST_LEN + KEYTABLE_KEY_MAX)

enum mrkm_msg_type {
	MRKM_MSG_HELLO = 1, /* both ways */
	MRKM_MSG_BIND,	    /* mrkmd: this key chain is mine, keys follow */
	MRKM_MSG_KEYS,	    /* mrkmd: its keys are these and no others */
	MRKM_MSG_WITHDRAW,  /* mrkmd: no longer mine, forget its keys */
	MRKM_MSG_SYNCED, /* mrkmd: you were told everything; and its answer */
	MRKM_MSG_STATUS, /* receiver: what became of the keys */
	MRKM_MSG_RESYNC, /* receiver: start again, because of `result` */
	MRKM_MSG_INTERFACES, /* to zebra: what the key chain protects */
	MRKM_MSG_TYPE_MAX
};

enum mrkm_role {
	MRKM_ROLE_MRKMD = 1,
	MRKM_ROLE_RECEIVER,
};

/*
 * In `algorithms`: not known yet, because somebody else has not said it.  What
 * was known of the same receiver before goes on meanwhile.
 */
#define MRKM_ALGORITHMS_UNKNOWN (1u << 31)

struct mrkm_capability {
	uint8_t protocol;    /* Security Protocol ID */
	uint32_t algorithms; /* as in struct keytable_protocol */
};

/* A key table row on its way: all but the key in the clear. */
struct mrkm_msg_row {
	uint32_t id;
	uint16_t algorithm;
	uint8_t direction;
	uint64_t accept_start, accept_end; /* microseconds, CLOCK_MONOTONIC */
	uint64_t send_start, send_end;
	struct keytable_ipsec ipsec;
	uint16_t wrapped_len;
	uint8_t wrapped[MRKM_WRAPPED_MAX];
};

/* Characters of an interface's name, with its NUL. */
#define MRKM_INTERFACE_SIZE 16

struct mrkm_msg_interface {
	char name[MRKM_INTERFACE_SIZE];
};

struct mrkm_msg_result {
	uint32_t id;
	uint8_t result; /* enum mrkm_err */
};

/* Every message, decoded; which members count depends on the type. */
struct mrkm_msg {
	uint8_t type;
	uint64_t boot;	  /* drawn by the sender at its start; mrkmd's also
			   * names its wrap key */
	uint32_t session; /* numbered by mrkmd; 0: none */
	uint32_t serial;  /* mrkmd's messages of a session count from 1; the
			   * answer to one repeats it; others have 0 */

	/* HELLO */
	uint8_t role;
	char daemon[MRKM_DAEMON_MAX + 1];
	uint16_t instance; /* the daemon's own (-n), 0: none */
	uint8_t capability_count;
	struct mrkm_capability capabilities[MRKM_CAPABILITIES_MAX];

	/* BIND, KEYS, WITHDRAW, STATUS, INTERFACES */
	uint8_t protocol; /* Security Protocol ID */
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1]; /* BIND, KEYS, INTERFACES */
	uint8_t row_count;
	struct mrkm_msg_row rows[KEYTABLE_ROWS_MAX]; /* KEYS */

	uint8_t interface_count; /* INTERFACES */
	struct mrkm_msg_interface interfaces[MRKM_INTERFACES_MAX];

	/* STATUS, RESYNC */
	uint8_t result; /* enum mrkm_err: of the key chain, of the message */
	uint8_t result_count;
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX]; /* STATUS */
};

/*
 * Writes `msg` in network octet order.  The length in octets, or
 * -MRKM_ERR_BAD_TYPE, -MRKM_ERR_BAD_VALUE, -MRKM_ERR_BAD_TEXT,
 * -MRKM_ERR_LIMIT, -MRKM_ERR_NO_SPACE.
 */
int mrkm_msg_encode(const struct mrkm_msg *msg, uint8_t *out, size_t size);

/*
 * Reads a message; `msg` is cleared first and undefined after an error.  0,
 * or -MRKM_ERR_TRUNCATED, -MRKM_ERR_TRAILING, -MRKM_ERR_BAD_VERSION,
 * -MRKM_ERR_BAD_TYPE, -MRKM_ERR_BAD_VALUE, -MRKM_ERR_BAD_TEXT, -MRKM_ERR_LIMIT.
 */
int mrkm_msg_decode(struct mrkm_msg *msg, const uint8_t *in, size_t len);

/*
 * Writes what identifies one row of a KEYS message: sender, group, protocol,
 * key chain and all of the row but its key.  Length and errors as
 * mrkm_msg_encode().  MRKM_IDENTITY_MAX octets are always enough.
 */
#define MRKM_IDENTITY_MAX 512
int mrkm_msg_row_identity(const struct mrkm_msg *msg,
			  const struct mrkm_msg_row *row, uint8_t *out,
			  size_t size);

/* May `name` be a group or a key chain: 1..MRKM_NAME_MAX, '!'..'~'? */
bool mrkm_name_valid(const char *name);

/* Name of a message type for logs.  Never NULL. */
const char *mrkm_msg_type_name(uint8_t type);

#endif /* MRKM_MSG_H */
