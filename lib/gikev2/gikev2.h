// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * G-IKEv2 (RFC 9838) protocol engine: public interface.
 *
 * The engine opens no socket, reads no clock and draws no randomness.
 * Datagrams come in through gikev2_input(), time through every call's `now`,
 * and everything else through struct gikev2_callbacks.  One engine plays both
 * roles: group member (one struct gikev2_member a group) and key server
 * (one struct gikev2_group a group).  It is not thread safe.
 *
 * Time is in microseconds of a monotonic clock that the caller chooses.
 * Integers are in host order, addresses and identities in network order.
 * Functions return 0 or a negated enum gikev2_err.
 */
#ifndef GIKEV2_H
#define GIKEV2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "gikev2/gikev2_err.h"

#define GIKEV2_PORT 848
#define GIKEV2_NEVER UINT64_MAX
#define GIKEV2_SECOND UINT64_C(1000000)

#define GIKEV2_SERVERS_MAX 8
#define GIKEV2_PROTOCOLS_MAX 8
#define GIKEV2_SECRET_MAX 256
#define GIKEV2_PPK_ID_MAX 64

struct gikev2;
struct gikev2_member;
struct gikev2_group;

/* ------------------------------------------------------- addresses, names */

struct gikev2_endpoint {
	uint8_t family; /* 4, 6; 0: not set */
	uint16_t port;	/* host order */
	uint8_t ip[16];
};

/*
 * The way of a datagram.  Through the NAT-T port, on which UDP-encapsulated ESP
 * may arrive as well, a marker of four zero octets precedes each IKE message
 * (RFC 3948 section 2.2): the engine adds it and takes it off.
 */
struct gikev2_path {
	struct gikev2_endpoint local, remote;
	bool natt; /* the local port is our NAT-T port */
};

/* ID Type (RFC 7296 section 3.5) */
enum gikev2_id_type {
	GIKEV2_ID_NONE = 0,
	GIKEV2_ID_IPV4_ADDR = 1,
	GIKEV2_ID_FQDN = 2,
	GIKEV2_ID_RFC822_ADDR = 3,
	GIKEV2_ID_IPV6_ADDR = 5,
	GIKEV2_ID_DER_ASN1_DN = 9,
	GIKEV2_ID_KEY_ID = 11,
};
#define GIKEV2_ID_MAX 255

struct gikev2_id {
	uint8_t type;
	uint8_t len;
	uint8_t data[GIKEV2_ID_MAX];
};

/* Equal in type and, octet by octet, in data. */
bool gikev2_id_equal(const struct gikev2_id *a, const struct gikev2_id *b);

/*
 * One form for all ways to write a name: letters of an FQDN, of the domain of a
 * mailbox and of a DN's values become small ones (ASCII), and DNs are encoded
 * alike (RFC 5280 section 7).  The engine does so with the name of whoever proves
 * it, and hands out no other form; what an owner compares with that, or gives to
 * the engine to compare, wants the same.  Idempotent.  0, or -GIKEV2_ERR_LIMIT
 * for a DN that is too long then.
 */
int gikev2_id_fold(struct gikev2_id *id);

/*
 * Prints "fqdn r1.example.net" and the like; what is not printable ASCII is
 * shown as \xNN, so that a stranger's identity cannot write into a log.
 * Returns buf.
 */
const char *gikev2_id_text(const struct gikev2_id *id, char *buf, size_t size);

/* Equal in address and port. */
bool gikev2_endpoint_equal(const struct gikev2_endpoint *a,
			   const struct gikev2_endpoint *b);

bool gikev2_endpoint_multicast(const struct gikev2_endpoint *endpoint);

/* Prints "192.0.2.1:848" or "[2001:db8::1]:848".  Returns buf. */
const char *gikev2_endpoint_text(const struct gikev2_endpoint *endpoint,
				 char *buf, size_t size);

/* -------------------------------------------------------------- callbacks */

enum gikev2_role {
	GIKEV2_MEMBER,
	GIKEV2_SERVER,
};

/* A pre-shared key for one authentication; wiped by the engine after use. */
struct gikev2_secret {
	size_t len;
	uint8_t octets[GIKEV2_SECRET_MAX];
};

/* A post-quantum pre-shared key (RFC 8784); wiped by the engine after use. */
struct gikev2_ppk {
	uint8_t id_len; /* 0: none */
	uint8_t id[GIKEV2_PPK_ID_MAX];
	bool mandatory; /* nothing is agreed on without it */
	size_t len;
	uint8_t octets[GIKEV2_SECRET_MAX];
};

/* Ways to prove an identity, as bits. */
#define GIKEV2_BY_PSK (1 << 0)	       /* RFC 7296 section 2.15 */
#define GIKEV2_BY_CERTIFICATE (1 << 1) /* RFC 7427 */

struct gikev2_chunk;	  /* gikev2_crypto.h */
struct gikev2_credential; /* gikev2_cert.h */
struct gikev2_anchors;

/*
 * How one peer and we prove our identities to each other, each side by itself.
 * With several ways of our own a key server takes that of the peer, and a
 * member its certificate when the server can verify it.  The pointers are the
 * caller's, and good until the engine's call returns.
 */
struct gikev2_auth_policy {
	uint8_t own;  /* GIKEV2_BY_*: what we may use */
	uint8_t peer; /* GIKEV2_BY_*: what we take */
	const struct gikev2_credential *const *credentials; /* best first */
	size_t credential_count;
	const struct gikev2_anchors *anchors; /* NULL: none */
	int64_t wall_clock; /* seconds since 1970 UTC: for certificates */
};

/* What is not to be forgotten (struct gikev2_callbacks, save). */
enum gikev2_record_kind {
	GIKEV2_RECORD_GROUP = 1, /* its keys, IDs handed out, Rekey SA */
	GIKEV2_RECORD_NODE,	 /* a key of its key tree */
	GIKEV2_RECORD_MEMBER,	 /* a registration */
	GIKEV2_RECORD_IKE_SA,
	GIKEV2_RECORD_KEPT, /* as member: the keys of a group */
	GIKEV2_RECORD_KIND_MAX
};

/*
 * Octets without a meaning outside of the engine; the value holds keys.
 * Instants in it are of the clock at the time of saving: `shift`, microseconds,
 * is what has to be added to them now.
 */
struct gikev2_record {
	enum gikev2_record_kind kind;
	const uint8_t *key, *value;
	size_t key_len, value_len; /* value NULL: there is no such record */
	int64_t shift;		   /* when loading */
};

#define GIKEV2_RECORD_KEY_MAX 272

/* 0, or a negated reason, at which the loading stops and fails. */
typedef int (*gikev2_record_fn)(void *arg, const struct gikev2_record *record);

/* What an event is about; the text is for a log line. */
#define GIKEV2_EVENTS(X)                                                       \
	/* member: cookie is the member's */                                   \
	X(REGISTERED, "registered with the key server")                        \
	X(REGISTRATION_FAILED, "registration failed")                          \
	X(SERVER_LOST, "key server does not answer, keys live on")             \
	X(REKEYED, "new keys received")                                        \
	X(POLICY_REFUSED, "key server's policy refused")                       \
	X(EXCLUDED, "excluded from the group by the key server")               \
	X(REKEY_LOST, "a rekey message was lost, registering anew")            \
	X(KEYS_EXPIRED, "last key expired without a replacement")              \
	X(KEYS_RESTORED, "goes on with the keys that were kept")               \
	/* server: cookie is the group's */                                    \
	X(MEMBER_REGISTERED, "member registered")                              \
	X(MEMBER_REFUSED, "member refused")                                    \
	X(MEMBER_GONE, "member gone")                                          \
	X(MEMBER_ACKNOWLEDGED, "member acknowledged the rekey")                \
	X(MEMBER_LATE, "member did not acknowledge the rekey in time")         \
	X(ROLLED, "group rolled to new keys")                                  \
	X(CLEARED, "Sender-IDs used up, all members have to register anew")

enum gikev2_event_type {
#define X(name, text) GIKEV2_EVENT_##name,
	GIKEV2_EVENTS(X)
#undef X
	GIKEV2_EVENT_MAX
};

struct gikev2_event {
	enum gikev2_event_type type;
	int err;	    /* 0 or a negated reason */
	const char *detail; /* more than the reason says, one line; or NULL */
	void *cookie;	    /* of the member or group; NULL: group unknown */
	const struct gikev2_id *peer; /* NULL when not (yet) known */
	const struct gikev2_path *path;
	uint64_t now;
};

const char *gikev2_event_text(enum gikev2_event_type type);
const char *gikev2_event_name(enum gikev2_event_type type);

#define GIKEV2_RECEIVER_ONLY 1

/*
 * What the engine asks of its owner.  `arg` is the one given to gikev2_new().
 * A callback must not call back into the engine, but for look-ups.
 */
struct gikev2_callbacks {
	/* Sends one datagram.  The octets are the engine's. */
	int (*output)(void *arg, const struct gikev2_path *path,
		      const uint8_t *octets, size_t len);

	/*
	 * The address and port that a datagram to `remote` would leave from
	 * now.  0, or negative when there is no way to it.  NULL: unknown.
	 */
	int (*source)(void *arg, const struct gikev2_endpoint *remote,
		      struct gikev2_endpoint *local);

	/* Fills `octets` with cryptographic randomness.  0, or negative. */
	int (*random)(void *arg, uint8_t *octets, size_t len);

	/*
	 * The pre-shared key shared with `peer`.  As member, `cookie` is the
	 * member's and `peer` is NULL until the server named itself.  As
	 * server, `cookie` is the group's, or NULL when the peer asked for a
	 * group that does not exist (any credential of that peer will do).
	 * 0, or -GIKEV2_ERR_NO_CREDENTIAL.
	 */
	int (*psk)(void *arg, enum gikev2_role role, void *cookie,
		   const struct gikev2_id *peer, struct gikev2_secret *secret);

	/*
	 * How `peer` and we prove our identities; the arguments are those of
	 * psk().  As server, without a peer as long as that has not named
	 * itself: its anchors are what we tell everybody.  `policy` comes
	 * with zeroes; left so, nothing is taken.  NULL: by pre-shared keys.
	 */
	void (*auth_policy)(void *arg, enum gikev2_role role, void *cookie,
			    const struct gikev2_id *peer,
			    struct gikev2_auth_policy *policy);

	/*
	 * The post-quantum pre-shared key for `peer`; the arguments are those
	 * of psk().  `ppk` comes with zeroes, but as server with the ID that
	 * the peer names, if it does.  As member: the one to be used, with its
	 * ID.  As server: the one with that ID, if it is this peer's; without
	 * a peer, whether there are any at all.  0, or -NO_CREDENTIAL;
	 * ppk->mandatory is good in both cases.  NULL: none are used here.
	 */
	int (*ppk)(void *arg, enum gikev2_role role, void *cookie,
		   const struct gikev2_id *peer, struct gikev2_ppk *ppk);

	/*
	 * As server: `peer` proved its identity by these certificates, that of
	 * its key first; by none: by a pre-shared key.  What it may do is
	 * another question.  NULL: nobody wants to know.
	 */
	void (*proven)(void *arg, const struct gikev2_id *peer,
		       const struct gikev2_chunk *certs, size_t count);

	/*
	 * As server: may the authenticated `peer` join?  0; or
	 * GIKEV2_RECEIVER_ONLY, and it gets no Sender-ID and no SA to send
	 * with; or a reason.
	 */
	int (*authorize)(void *arg, void *cookie, const struct gikev2_id *peer);

	/*
	 * As member: the group's rows are now these, and no others.  They are
	 * the engine's, ordered oldest first.
	 */
	void (*keys)(void *arg, void *cookie, const struct keytable_row *rows,
		     size_t count);

	/*
	 * As member: from now on, or no longer, datagrams to the multicast
	 * `group` (address and port) are for us.  `source` is where they come
	 * from, family 0 when that is not said.  Each join is followed by one
	 * leave of the same two; a change joins first.  NULL: no multicast
	 * here.
	 */
	void (*multicast)(void *arg, void *cookie,
			  const struct gikev2_endpoint *group,
			  const struct gikev2_endpoint *source, bool join);

	/* Something worth a log line or a notification happened. */
	void (*event)(void *arg, const struct gikev2_event *event);

	/*
	 * The record reads like this from now on; without a value, every
	 * record of that kind whose key begins with this one is gone.  What
	 * the same call of the engine gives to output() must not reach the
	 * network before that is safe.  An owner may leave out records of a
	 * member, but not some of a server.  0 or negative.  NULL: a restart
	 * forgets everything.
	 */
	int (*save)(void *arg, const struct gikev2_record *record);

	/*
	 * Calls `visit` for each saved record of that kind whose key begins
	 * with those octets, in any order; `visit`.
	 * 0; what `visit` returned if not 0; or a reason of its own, negated.
	 */
	int (*load)(void *arg, enum gikev2_record_kind kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *visit_arg);
};

/*
 * In authorize(): how that peer proved its identity, a GIKEV2_BY_*, and whether
 * that was with a post-quantum pre-shared key.  It may have done so for another
 * group.
 */
uint8_t gikev2_asking_way(const struct gikev2 *engine);
bool gikev2_asking_ppk(const struct gikev2 *engine);

/*
 * ... whether it did so for this very group, so that the callbacks have said what
 * is good for that; if not, whether it was by this pre-shared key, or by this
 * certificate (the peer's own, DER), and with that post-quantum pre-shared key.
 * Peers of one name may have others in another group.
 */
bool gikev2_asking_proved(const struct gikev2 *engine);
bool gikev2_asking_psk(const struct gikev2 *engine,
		       const struct gikev2_secret *secret);
bool gikev2_asking_certificate(const struct gikev2 *engine, const uint8_t *der,
			       size_t len);
bool gikev2_asking_with_ppk(const struct gikev2 *engine,
			    const struct gikev2_ppk *ppk);

/* ----------------------------------------------------------------- engine */

#define GIKEV2_ADDKE_MAX 7
#define GIKEV2_ADDKE_METHODS 4

/* An additional key exchange (RFC 9370). */
struct gikev2_addke {
	/* Transform IDs, best first, as far as OpenSSL has them; 0: no more */
	uint16_t methods[GIKEV2_ADDKE_METHODS];
	bool mandatory; /* no IKE SA without it */
};

/* Tunables; gikev2_params_default() fills in what is sensible. */
struct gikev2_params {
	uint32_t half_open_max;	       /* half-open IKE SAs as server */
	uint32_t half_open_prefix_max; /* of one network, /24 or /56; 0: of that
					* no limit */
	uint64_t half_open_time;       /* life of one */
	uint32_t idle_max; /* IKE SAs as server that serve no group; the oldest
			    * gives way */
	uint32_t cookie_threshold; /* half-open IKE SAs before cookies are on */
	uint64_t retransmit_time;  /* before the first retransmission */
	uint32_t retransmit_tries; /* transmissions in all; time doubles */
	uint64_t liveness_time;	   /* silence before a liveness check */
	uint32_t fragment_size;	   /* longest datagram, octets; 0: any length */
	uint64_t rekey_time;	   /* of an IKE SA, give or take; 0: never */
	uint64_t retry_min, retry_max; /* back-off between registrations */
	uint64_t retry_lost;   /* the longest, while no server answers: with the
			      * repetitions before it, within a minute of a
			      * server's return all members are back */
	uint64_t return_time;  /* before a member tries a key server again that
				   * stands in front of its present one; 0:
				   * only when it has to register anyhow */
	uint64_t restart_time; /* ATD of a server that knows no past */
	uint64_t recovery_time;	 /* members that missed the same message
				   * come back within this */
	uint32_t suite_disabled; /* gikev2_suite_bit()s: not for IKE SAs here */
	/*
	 * IKE SAs without KWA as well, as peers make them that know IKEv2 only.
	 * No group can be registered over such an SA; a member with ike_auth set
	 * leaves it at that.
	 */
	bool plain_ike;
	struct gikev2_addke addke[GIKEV2_ADDKE_MAX];
	uint16_t nat_port;	 /* our NAT-T port, 4500 as a rule; 0: none */
	uint64_t keepalive_time; /* between keepalives from behind a NAT */
};

void gikev2_params_default(struct gikev2_params *params);

/*
 * The bit of a transform of IKE SAs, by type, ID and Key Length (bits, 0 where
 * there is none; RFC 7296 section 3.3.2).  0: not one that this engine does.
 */
uint32_t gikev2_suite_bit(uint8_t type, uint16_t id, uint16_t key_bits);

/*
 * The names of key exchange methods: of a Transform ID, NULL when it is not one
 * that this engine does; and the other way round, 0 for none.  Letters of
 * either case, a hyphen or an underscore.
 */
const char *gikev2_ke_name(uint16_t id);
uint16_t gikev2_ke_by_name(const char *name);

/* Does this OpenSSL have it? */
bool gikev2_ke_provided(uint16_t id);

/* NULL when memory or the cryptographic library is short. */
struct gikev2 *gikev2_new(const struct gikev2_callbacks *callbacks, void *arg,
			  const struct gikev2_params *params);

/*
 * For a process with many engines: buffers of 200 KiB and OpenSSL's contexts,
 * which an engine needs only while it is called.  Engines with the same ones
 * must not be called from two threads, nor one from a callback of another.
 * Parts of messages stay in the buffers until these are freed, after the
 * engines.  NULL as with gikev2_new().
 */
struct gikev2_scratch;
struct gikev2_scratch *gikev2_scratch_new(void);
void gikev2_scratch_free(struct gikev2_scratch *scratch);
struct gikev2 *gikev2_new_with(const struct gikev2_callbacks *callbacks,
			       void *arg, const struct gikev2_params *params,
			       struct gikev2_scratch *scratch);

/* Wipes and frees all; sends nothing. */
void gikev2_free(struct gikev2 *engine);

void gikev2_set_params(struct gikev2 *engine,
		       const struct gikev2_params *params);

/* Who we are, as IDi and IDr.  Used from the next registration on. */
void gikev2_set_identity(struct gikev2 *engine, const struct gikev2_id *id);

/*
 * One datagram arrived.  0, or the reason it was dropped for; the drop is
 * already counted.
 */
int gikev2_input(struct gikev2 *engine, const struct gikev2_path *path,
		 const uint8_t *octets, size_t len, uint64_t now);

/*
 * Is that datagram of an IKE SA that there is, as far as its SPIs tell, or
 * GSA_REKEY, which is for members?  It may be forged all the same.
 */
bool gikev2_knows(struct gikev2 *engine, const struct gikev2_path *path,
		  const uint8_t *octets, size_t len);

/* Runs every timer that is due. */
void gikev2_expire(struct gikev2 *engine, uint64_t now);

/* The first of them, `most` at most: when thousands are due at once, others have
 * their turn in between. */
void gikev2_expire_some(struct gikev2 *engine, uint64_t now, size_t most);

/* When gikev2_expire() is next needed; GIKEV2_NEVER. */
uint64_t gikev2_next_deadline(const struct gikev2 *engine);

/* Datagrams dropped or exchanges failed, by reason: GIKEV2_ERR_MAX numbers. */
const uint64_t *gikev2_counters(const struct gikev2 *engine);

struct gikev2_totals {
	uint64_t datagrams_in, datagrams_out;
	uint64_t retransmissions;
	uint64_t registrations; /* completed, either role */
	uint64_t rekeys_sent, rekeys_received;
	uint32_t ike_sas, half_open;
};

void gikev2_get_totals(const struct gikev2 *engine,
		       struct gikev2_totals *totals);

struct gikev2_key; /* gikev2_sign.h */

#define GIKEV2_REKEY_SPI_LEN 16

/* A Rekey SA: GSA_REKEY comes over it. */
struct gikev2_rekey_status {
	bool alive; /* else the rest is zero */
	uint8_t spi[GIKEV2_REKEY_SPI_LEN];
	uint32_t message_id; /* of the next message; at a member, or higher */
	struct gikev2_endpoint destination, source; /* family 0: any */
	uint64_t end;
	/* Digital Signature: algorithm and public key; NULL: Implicit */
	const char *signature;
	const struct gikev2_key *key;
	/* at the key server */
	uint64_t next; /* when another takes its place */
	uint32_t tree_members, tree_room;
	uint8_t tree_degree, tree_depth;
};

/* ----------------------------------------------------------- group member */

/* What this router's daemons can do with a protocol: a line of SAg. */
struct gikev2_offer {
	uint8_t protocol;    /* Security Protocol ID */
	uint32_t algorithms; /* as in struct keytable_protocol */
};

struct gikev2_member_config {
	struct gikev2_id group;		  /* IDg */
	struct gikev2_id server_identity; /* GIKEV2_ID_NONE: any IDr that
					   * authenticates */
	struct gikev2_endpoint local;	  /* family 0: the system's choice */
	struct gikev2_endpoint servers[GIKEV2_SERVERS_MAX]; /* in order */
	uint16_t nat_ports[GIKEV2_SERVERS_MAX]; /* their NAT-T ports; 0: the
						 * same as ours */
	size_t server_count;
	struct gikev2_offer offers[GIKEV2_PROTOCOLS_MAX];
	size_t offer_count;
	uint8_t sender_ids; /* to ask for, one an encryptor; 0: 1 */
	bool ike_auth; /* IKE_AUTH and GSA_REGISTRATION instead of GSA_AUTH */
	/*
	 * Members of the same realm prove who they are, and take the proof of a
	 * server, by the same credentials: they register over one IKE SA where
	 * they can.  0: over one of its own.
	 */
	uint32_t realm;
};

/*
 * States of the member's machine: the slides' names, refined by RFC 9838.
 * Text: gikev2_member_state_text().
 */
enum gikev2_member_state {
	GIKEV2_GM_IDLE,	     /* nothing to ask for, or no server */
	GIKEV2_GM_WAIT,	     /* waiting to try again */
	GIKEV2_GM_PAIRWISE,  /* Pair-wise Key Generation: IKE_SA_INIT sent */
	GIKEV2_GM_RECEIVE,   /* Receive SAs from KS: GSA_AUTH sent */
	GIKEV2_GM_KEY_TABLE, /* Key Table: registered */
	GIKEV2_GM_STATE_MAX
};

const char *gikev2_member_state_text(enum gikev2_member_state state);

/*
 * Starts membership in a group: registers at once, stays registered, and
 * re-registers as needed.  With no offers it stays idle.  The config is
 * copied.  NULL: out of memory.
 */
struct gikev2_member *
gikev2_member_add(struct gikev2 *engine, void *cookie,
		  const struct gikev2_member_config *config, uint64_t now);

/*
 * Gives the rows back that were saved of that group, as far as they are not
 * over, to a member that has none; those of one that has some are saved.  A
 * registration takes them over as if there had been no restart.  0; -STATE,
 * -STATE_VERSION or what load() said: the member goes on without.
 */
int gikev2_member_restore(struct gikev2_member *member, uint64_t now);

/*
 * Takes a new config.  What changed decides: a change of identity, servers or
 * offers registers anew, while the keys live on.
 */
void gikev2_member_update(struct gikev2_member *member,
			  const struct gikev2_member_config *config,
			  uint64_t now);

/* Leaves the group: tells the server, delivers an empty key set, frees. */
void gikev2_member_del(struct gikev2_member *member, uint64_t now);

/* Registers anew now; keys live on meanwhile. */
void gikev2_member_reregister(struct gikev2_member *member, uint64_t now);

/* How an IKE SA came about; the names are constants. */
struct gikev2_proof_status {
	uint8_t own, peer; /* GIKEV2_BY_*; 0: there was none yet */
	bool ppk;	   /* with a post-quantum pre-shared key */
	const char *ke;	   /* method of the first key exchange */
	const char *addke[GIKEV2_ADDKE_MAX]; /* of the others */
	size_t addke_count;
};

struct gikev2_member_status {
	enum gikev2_member_state state;
	uint64_t state_since;
	uint64_t registered_since; /* 0: not registered */
	uint64_t next_try;	   /* GIKEV2_NEVER: none is due */
	uint64_t last_rekey;	   /* receipt; 0: none yet */
	uint32_t registrations, failures, rekeys;
	int last_error; /* negated reason of the last failure */
	struct gikev2_endpoint server;
	const struct gikev2_id *server_identity; /* NULL: unknown */
	struct gikev2_proof_status proof;	 /* of the last registration */
	struct gikev2_rekey_status rekey;
	const struct keytable_row *rows; /* oldest first */
	size_t row_count;
};

/* The pointers are good until the engine is next called. */
void gikev2_member_get_status(const struct gikev2_member *member,
			      struct gikev2_member_status *status);

/* ------------------------------------------------------------- key server */

#define GIKEV2_FALLBACKS_MAX 3
#define GIKEV2_SENDERS_MAX 16

struct gikev2_choice {
	uint16_t algorithm; /* enum keytable_auth_algo; 0: suite */
	struct keytable_suite suite;
};

struct gikev2_group_protocol {
	uint8_t protocol;   /* Security Protocol ID */
	uint16_t algorithm; /* enum keytable_auth_algo; 0: suite */
	uint32_t lifetime;  /* GSA_KEY_LIFETIME of a fresh key, seconds */
	struct keytable_suite suite; /* of an IPsec protocol */
	/* IPsec: each sender has an SA of its own (SN 0), so that receivers can
	 * protect themselves from replay.  A group has room for as many senders
	 * as GIKEV2_SENDERS_MAX, less its other protocols. */
	bool per_sender;
	/* what is used instead, in this order, for the sake of members that
	 * cannot do the above */
	struct gikev2_choice fallback[GIKEV2_FALLBACKS_MAX];
	size_t fallback_count;
};

/* How the members of a group are rekeyed. */
struct gikev2_rekey_config {
	/* the multicast address and port of GSA_REKEY; family 0: each member
	 * by GSA_INBAND_REKEY over its own SA */
	struct gikev2_endpoint destination;
	struct gikev2_endpoint source; /* of it; family 0: any */
	uint32_t lifetime;	       /* of the Rekey SA, seconds */
	uint8_t copies;		       /* of each message, at least 1 */
	uint8_t lkh_degree;	       /* of the key tree, 2 to 4; 0: 2 */
	uint32_t members_max;	       /* room in that tree; 0: 1024 */
	/* IKE SAs are kept up for so many members, so that each side notices
	 * when the other is gone; with more than that they are closed */
	uint32_t ike_sas_max;
	/*
	 * How long a roll waits at the most for members that have not
	 * acknowledged the new keys, seconds; 0: not at all.  Less than that
	 * where the keys' lifetime has no room for it.  With a multicast
	 * address: for members whose IKE SA is kept up, which are asked
	 * inband as well.
	 */
	uint16_t wait;
	/* signs GSA_REKEY, the caller's; NULL: Implicit authentication */
	const struct gikev2_key *key;
};

struct gikev2_group_config {
	struct gikev2_id id; /* IDg */
	struct gikev2_rekey_config rekey;
	struct gikev2_group_protocol protocols[GIKEV2_PROTOCOLS_MAX];
	size_t protocol_count;
	/* IPsec policies in RFC 9838's own words for all members.  Otherwise
	 * for those that do not share our profile, which a group rekeyed by
	 * multicast cannot have then. */
	bool plain;
	uint8_t sender_id_bits; /* 8, 12 or 16; 0: 16 */
	uint16_t atd, dtd;	/* GWP_ATD, GWP_DTD, seconds; dtd > atd + 1 */
};

/* Shortest lifetime that leaves room for a roll, in seconds. */
uint32_t gikev2_group_lifetime_min(const struct gikev2_group_config *config);

/*
 * Starts serving a group: makes its first keys.  NULL: out of memory, an
 * invalid config, or a second group of that name.
 */
struct gikev2_group *gikev2_group_add(struct gikev2 *engine, void *cookie,
				      const struct gikev2_group_config *config,
				      uint64_t now);

/*
 * The same, going on from what was saved: keys, IDs, members and their IKE SAs.
 * With nothing saved it starts as gikev2_group_add() does.  -STATE,
 * -STATE_VERSION or what load() said: the group is not served, and what was
 * saved is as it was; -BAD_POLICY: an invalid config, or a second group of
 * that name; -NO_MEMORY.
 */
int gikev2_group_restore(struct gikev2 *engine, void *cookie,
			 const struct gikev2_group_config *config, uint64_t now,
			 struct gikev2_group **group);

/*
 * Forgets all groups, members and their SAs as a crash would: nobody is told,
 * and what was saved stays for gikev2_group_restore().
 */
void gikev2_server_drop(struct gikev2 *engine);

/*
 * Takes a new config; a change of protocols or algorithms rolls at once, or when
 * there is room for one more generation.
 */
int gikev2_group_update(struct gikev2_group *group,
			const struct gikev2_group_config *config, uint64_t now);

/* Ends the group: tells the members, wipes the keys and what was saved, frees. */
void gikev2_group_del(struct gikev2_group *group, uint64_t now);

/* Rolls the group's keys now. */
int gikev2_group_rekey(struct gikev2_group *group, uint64_t now);

/* The same, waiting for nobody, and older keys end at once: somebody is to be out. */
int gikev2_group_rekey_urgent(struct gikev2_group *group, uint64_t now);

/* Members that keep the group from what it is configured for. */
struct gikev2_holdback {
	struct keytable_row wanted;	/* protocol, algorithm or suite */
	const struct gikev2_id *member; /* one of them */
	uint32_t members;		/* that cannot do it */
};

/* What a roll waits for. */
enum gikev2_wait {
	GIKEV2_WAIT_NONE,
	GIKEV2_WAIT_KEY,    /* that all have the new key */
	GIKEV2_WAIT_SWITCH, /* that all know when to send with it */
	GIKEV2_WAIT_MAX
};

const char *gikev2_wait_text(enum gikev2_wait wait);

struct gikev2_group_status {
	uint64_t generation; /* number of the youngest, from 1 */
	uint64_t created;    /* of the youngest */
	uint64_t atd_end;    /* members send with it from here */
	uint64_t dtd_end;    /* its predecessor is forgotten here */
	uint64_t next_roll;
	uint32_t members;
	uint32_t pending; /* members that have not acknowledged it yet */
	enum gikev2_wait wait;
	uint64_t wait_end; /* at the latest */
	uint32_t awaited;  /* members that are waited for */
	struct gikev2_rekey_status rekey;
	const struct keytable_row *rows; /* alive, oldest first */
	size_t row_count;
	struct gikev2_holdback holdback[GIKEV2_PROTOCOLS_MAX];
	size_t holdback_count;
};

/* The pointers are good until the engine is next called. */
void gikev2_group_get_status(struct gikev2_group *group, uint64_t now,
			     struct gikev2_group_status *status);

struct gikev2_group_member_status {
	const struct gikev2_id *identity;
	struct gikev2_path path;
	uint64_t registered_since;
	uint64_t last_seen;
	uint64_t generation; /* acknowledged */
	bool awaited;	     /* a roll waits for its acknowledgement */
	bool late;	     /* and did so in vain */
};

/* How many identities are registered; whether that one is.  No answer takes longer
 * when they are many. */
uint32_t gikev2_group_member_count(const struct gikev2_group *group);
bool gikev2_group_has(struct gikev2_group *group,
		      const struct gikev2_id *identity);
/*
 * ... and whether it proved itself by this certificate (DER); also true when that
 * is not known: of one without an IKE SA, from what was saved by older software.
 */
bool gikev2_group_has_certificate(struct gikev2_group *group,
				  const struct gikev2_id *identity,
				  const uint8_t *der, size_t len);

/* Calls `visit` for each registered member until it returns false. */
void gikev2_group_members(
	const struct gikev2_group *group,
	bool (*visit)(void *arg, const struct gikev2_group_member_status *),
	void *arg);

/*
 * Shuts each member with that identity out of the group: what it knows opens
 * nothing that follows, and the keys roll at once.  That it may not register
 * again is for the authorize() callback to say.  The number of registrations
 * that ended, or a negated reason.
 */
int gikev2_group_exclude(struct gikev2_group *group,
			 const struct gikev2_id *identity, uint64_t now);

/*
 * Ends the registration of each member with that identity, and says why by a
 * negated reason: it may come again, and its keys live on.  Their number.
 */
size_t gikev2_group_end_member(struct gikev2_group *group,
			       const struct gikev2_id *identity, int err,
			       uint64_t now);

#endif /* GIKEV2_H */
