// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine's own files share.
 */
#ifndef GIKEV2_INT_H
#define GIKEV2_INT_H

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_cert.h"
#include "gikev2/gikev2_crypto.h"
#include "gikev2/gikev2_kek.h"
#include "gikev2/gikev2_lkh.h"
#include "gikev2/gikev2_payload.h"
#include "gikev2/gikev2_rollover.h"
#include "gikev2/gikev2_timer.h"

#define GIKEV2_ARENA_SIZE 65536
#define GIKEV2_VENDOR_ID_LEN 16
#define GIKEV2_HALF_BUCKETS 256
#define GIKEV2_HALF_NETWORKS 1024

/* Generations of a group's keys that may be alive at once. */
#define GIKEV2_GENERATIONS_MAX (KEYTABLE_ROWS_MAX / GIKEV2_SENDERS_MAX)

/* Owned octets. */
struct gikev2_octets {
	uint8_t *ptr;
	size_t len;
};

int gikev2_octets_set(struct gikev2_octets *octets, const uint8_t *ptr,
		      size_t len);
void gikev2_octets_free(struct gikev2_octets *octets);

static inline struct gikev2_chunk gikev2_chunk(const struct gikev2_octets *o)
{
	return (struct gikev2_chunk){ o->ptr, o->len };
}

/* ---------------------------------------------------------------- messages */

struct gikev2_header {
	uint8_t spi_i[GIKEV2_SPI_LEN], spi_r[GIKEV2_SPI_LEN];
	uint8_t next, version, exchange, flags;
	uint32_t id, length;
};

/* A message on its way through the handlers. */
struct gikev2_rx {
	struct gikev2 *engine;
	struct gikev2_header header;
	const struct gikev2_path *path;
	uint64_t now;
	struct gikev2_chunk raw; /* as it came */
	bool repeat;		 /* a repetition of it is worth an answer */
	/* what was protected: inner payloads, the type of the first one, and
	 * the octet of flags that stood with it */
	struct gikev2_chunk text;
	uint8_t first, reserved;
	struct gikev2_payloads *payloads;
};

/* ------------------------------------------------------------------ IKE SA */

enum gikev2_ike_state {
	GIKEV2_IKE_INIT_SENT,	      /* initiator */
	GIKEV2_IKE_INTERMEDIATE_SENT, /* initiator */
	GIKEV2_IKE_AUTH_SENT,	      /* initiator */
	GIKEV2_IKE_HALF_OPEN,	      /* responder */
	GIKEV2_IKE_ESTABLISHED,
	GIKEV2_IKE_REKEYING, /* the heir of one, not agreed on yet */
	GIKEV2_IKE_DELETING, /* our Delete is on its way */
	GIKEV2_IKE_NONE,     /* before there is one */
};

struct gikev2_fragments;
struct gikev2_keylog;

/* Where the two are with a PPK (RFC 8784). */
struct gikev2_ppk_state {
	bool wanted;	/* initiator: there is one to use */
	bool mandatory; /* initiator */
	bool agreed;	/* both sent USE_PPK */
	bool used;	/* the keys in use are those with it */
	uint8_t id_len;
	uint8_t id[GIKEV2_PPK_ID_MAX]; /* initiator: of the one in use */
	/* those that are not in use: with it, or without */
	uint8_t sk_d[GIKEV2_PRF_MAX];
	uint8_t sk_pi[GIKEV2_PRF_MAX], sk_pr[GIKEV2_PRF_MAX];
};

/* Where the two are with additional key exchanges (RFC 9370). */
struct gikev2_addke_state {
	uint8_t next; /* type to go on with, from 0 */
	uint8_t done; /* exchanges that are over */
	/* IntAuth_i, IntAuth_r of those (RFC 9242) */
	uint8_t auth_i[GIKEV2_PRF_MAX], auth_r[GIKEV2_PRF_MAX];
	/* responder: keys of the last request, should it come again */
	uint8_t old_e[GIKEV2_SK_E_MAX], old_a[GIKEV2_SK_A_MAX];
	/* of an heir: SK(0), SK(1) ...; and what names it between exchanges */
	struct gikev2_octets secrets, link;
};

/* What is needed until the SA is authenticated, and not a moment longer. */
struct gikev2_setup {
	struct gikev2_ke *ke;
	struct gikev2_octets peer_ke;
	struct gikev2_octets ni, nr;
	struct gikev2_octets init_request, init_response;
	struct gikev2_octets cookie; /* that the responder asked for */
	uint8_t rounds;		     /* IKE_SA_INIT requests beyond the first */
	bool no_proposal;  /* somebody said so, perhaps the responder */
	uint16_t nat_port; /* of the responder; 0: none, or none here */
	uint64_t asked;	   /* when AUTH was sent; initiator */
	uint32_t hashes;   /* GIKEV2_HASH_BIT()s that the peer verifies */
	/* half open in the place of a member's address: that, the next one */
	bool kept;
	struct gikev2_endpoint kept_for;
	struct gikev2_ike *kept_next;
	struct gikev2_octets certreq; /* hints of the responder */
	uint8_t sk_pi[GIKEV2_PRF_MAX], sk_pr[GIKEV2_PRF_MAX];
	struct gikev2_ppk_state ppk;
	struct gikev2_addke_state addke;
	bool keyed;
};

/* Transforms in force, one of each type. */
struct gikev2_suite {
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ; /* NULL with AEAD */
	const struct gikev2_prf_alg *prf;
	const struct gikev2_ke_alg *ke;
	const struct gikev2_ke_alg *addke[GIKEV2_ADDKE_MAX]; /* NULL: none */
	uint8_t addke_types;	      /* bits: types that the proposal lists */
	const struct gikev2_kwa *kwa; /* NULL: good for no group, plain_ike */
	uint8_t number;		      /* of the chosen proposal */
	struct gikev2_chunk spi; /* in it; good as long as the message is */
};

/* Requests that wait for the window to open, most urgent first. */
enum gikev2_want {
	GIKEV2_WANT_LEAVE = 1 << 2,
	GIKEV2_WANT_DELETE = 1 << 0,
	GIKEV2_WANT_REKEY = 1 << 1,
	GIKEV2_WANT_REGISTER = 1 << 3,
	GIKEV2_WANT_REKEY_IKE = 1 << 4,
	GIKEV2_WANT_LIVENESS = 1 << 5,
	GIKEV2_WANT_FOLLOWUP = 1 << 6,
};

/*
 * A group of ours that uses an IKE SA.  Those that are rekeyed by multicast may
 * share one; gikev2_tie.c.
 */
struct gikev2_tie {
	struct gikev2_tie *next;      /* of the SA */
	struct gikev2_member *member; /* NULL: it left */
	struct gikev2_id *group;      /* room for its octets only */
	bool registers;	  /* has to ask, or has not been answered yet */
	bool inband;	  /* registered, and rekeyed over the SA as well */
	uint64_t rekeyed; /* when a rekey came over it; or 0 */
	uint16_t leaves;  /* error notify that it leaves with, or 0 */
};

#define GIKEV2_PEER_PROOF_LEN 32

struct gikev2_ike {
	struct gikev2 *engine;
	struct gikev2_ike *prev, *next; /* all SAs */
	struct gikev2_ike *bucket_next; /* by our SPI */
	struct gikev2_ike *half_next;	/* by the initiator's SPI */
	struct gikev2_ike **half_at;	/* NULL: it is not half-open */
	uint16_t half_network;		/* its counter, as long as half-open */
	struct gikev2_ike *peer_next;	/* by the peer's identity */
	struct gikev2_ike *idle_prev, *idle_next;
	struct gikev2_ike *deferred_next;
	uint8_t spi_i[GIKEV2_SPI_LEN], spi_r[GIKEV2_SPI_LEN];
	struct gikev2_path path;
	uint8_t state;	/* enum gikev2_ike_state */
	bool initiator; /* whose keys and SPI are ours */
	bool server;	/* we are the key server: a rekey keeps that */
	bool profile;	/* the peer sent our Vendor ID */
	bool dead;	/* free it when the handlers are done */
	bool known;	/* the peer proved its identity */
	bool idle;	/* is in engine->idles */
	bool fresh;	/* ... and had no SA before, and no key */
	bool ppk;	/* ... and its keys are those with a PPK */
	uint8_t own_way, peer_way; /* GIKEV2_BY_*; 0: not known, restored */
	/* digests of the key or certificate that the peer proved itself by, and
	 * of the PPK; server */
	uint8_t peer_proof[GIKEV2_PEER_PROOF_LEN];
	uint8_t ppk_proof[GIKEV2_PEER_PROOF_LEN];
	bool deferred; /* in the engine's list of these */
	uint8_t wants; /* GIKEV2_WANT_* */
	uint8_t tries; /* transmissions of the request */
	uint8_t request_exchange;
	uint8_t put_off;	   /* rekeys in a row, by TEMPORARY_FAILURE */
	uint8_t nat;		   /* GIKEV2_NAT_* */
	int16_t failed;		   /* why the peer is told to forget the SA */
	uint64_t serial;	   /* SAs count from 1 */
	uint32_t send_id, recv_id; /* next of each */
	struct gikev2_suite suite;
	uint8_t sk_d[GIKEV2_PRF_MAX];
	uint8_t sk_ai[GIKEV2_SK_A_MAX], sk_ar[GIKEV2_SK_A_MAX];
	uint8_t sk_ei[GIKEV2_SK_E_MAX], sk_er[GIKEV2_SK_E_MAX];
	uint64_t iv;		       /* last one used, AEAD */
	struct gikev2_octets request;  /* outstanding */
	struct gikev2_octets response; /* to the last request, for repeats */
	struct gikev2_setup *setup;
	struct gikev2_id *peer;	       /* room for its octets only */
	struct gikev2_timer timer;     /* retransmission, liveness, expiry */
	struct gikev2_timer keepalive; /* known only when behind a NAT */
	uint64_t last_seen, last_sent;
	uint64_t established;
	uint64_t orphaned; /* when it was noticed that it serves nobody; or 0 */
	struct gikev2_tie *ties;   /* as member: groups that use it */
	struct gikev2_tie *asking; /* whose GSA_REGISTRATION is outstanding */
	struct gikev2_gm *gms;	   /* as server: registrations over this SA */
	struct gikev2_gm *told;	   /* whose GSA_INBAND_REKEY is outstanding */
	/* a rekey of this SA: by us, by the peer, or by both at once */
	struct gikev2_ike *heir, *peer_heir;
	struct gikev2_ike *parent; /* as heir, until that is settled */
	uint64_t bequeathed; /* when what it served became its heir's; 0: not */
	bool fragmentation;  /* both sides do it */
	struct gikev2_fragments *fragments; /* of a message on its way in */
	struct gikev2_octets low; /* as heir: the lower of its two nonces */
	uint64_t rekey_at;
	/* gikev2_state.c */
	struct gikev2_ike *unsaved_next;
	uint64_t handle; /* names it in what is saved, if it is */
	bool unsaved, saved;
	bool restored; /* from what an earlier process saved */
};

/* What a member said that it can do, in SAg. */
struct gikev2_abilities {
	/* it is told IPsec policies in RFC 9838's own words, and nothing else */
	bool plain;
	/* by place in the protocol table */
	uint32_t listed;			   /* bits */
	uint32_t algorithms[GIKEV2_PROTOCOLS_MAX]; /* and SN transforms */
};

/*
 * A registered group member, at the key server.  It outlives the SA that it
 * registered over where the group is rekeyed by multicast.
 */
struct gikev2_gm {
	/* what is looked at of all of them in a row: a cache line */
	struct gikev2_group *group;
	struct gikev2_gm *prev, *next; /* of the group */
	struct gikev2_ike *ike;	       /* NULL: no SA with it any more */
	uint64_t acked, sent;	       /* changes of the group's keys */
	bool cleared;		       /* it has to go and to register anew */
	bool fragments;		       /* does them (RFC 7383) */
	bool profile;		       /* sent our Vendor ID */
	bool away;	 /* its SA was lost while a roll waits for it */
	bool late;	 /* a roll does not wait for it any longer */
	bool past;	 /* it did not say that it began with nothing */
	bool unsaved;	 /* gikev2_state.c */
	uint8_t senders; /* Sender-IDs that it asked for; 0: it only receives */

	struct gikev2_gm *bucket_next; /* by identity */
	struct gikev2_gm *ike_next;    /* of the SA */
	/* by address; whose pointer leads to this one */
	struct gikev2_gm *address_next, **address_at;
	struct gikev2_path path;
	uint64_t registered, last_seen;
	struct gikev2_abilities can;
	uint32_t leaf;	      /* in the group's tree; GIKEV2_LKH_NO_LEAF */
	struct gikev2_id *id; /* room for its octets only */
	/* by what it proved itself when it registered; zeroes: not known */
	uint8_t proof[GIKEV2_PEER_PROOF_LEN];
	/* gikev2_state.c */
	uint64_t handle; /* names it in what is saved */
	struct gikev2_gm *unsaved_next;
};

/* Those of a group, in a list and by identity; gikev2_gm.c. */
struct gikev2_gms {
	struct gikev2_gm *first; /* newest first */
	uint32_t count;
	/* without those that are about to take the place of an older one */
	uint32_t identities;
	uint32_t foreign; /* did not send our Vendor ID */
	struct gikev2_gm **buckets;
	size_t bucket_count; /* of them in use */
	size_t bucket_room;  /* a power of two, or 0; at least half is in use */
	uint64_t seed;	     /* of the hash; drawn when they are many */
};

/* gikev2_ike.c: an SA's life */
struct gikev2_ike *gikev2_ike_new(struct gikev2 *engine, bool initiator,
				  const struct gikev2_path *path);
/* The SA that will follow `old`; NULL: out of memory. */
struct gikev2_ike *gikev2_ike_heir(struct gikev2_ike *old, bool initiator);
struct gikev2_ike *gikev2_ike_find(struct gikev2 *engine,
				   const struct gikev2_header *header);
/* The one whose SPI of ours that is; NULL. */
struct gikev2_ike *gikev2_ike_by_spi(const struct gikev2 *engine,
				     const uint8_t *spi, bool initiator);

/* An SA to be filled with what was saved, then inserted or discarded. */
struct gikev2_ike *gikev2_ike_empty(struct gikev2 *engine);
int gikev2_ike_insert(struct gikev2_ike *ike);
void gikev2_ike_discard(struct gikev2_ike *ike);

/* gikev2_half_open.c: found by the request that made them */
/* kept: in the place that is kept for the address of a member. */
void gikev2_half_open_add(struct gikev2_ike *ike, bool kept);
void gikev2_half_open_remove(struct gikev2_ike *ike);
struct gikev2_ike *gikev2_half_open_find(const struct gikev2_rx *rx);
/* 0; -HALF_OPEN_LIMIT, -HALF_OPEN_PREFIX: we, or the network that this comes from,
 * have as many as there may be. */
int gikev2_half_open_room(const struct gikev2_rx *rx);
/* So many that addresses there may be invented? */
bool gikev2_half_open_crowded(const struct gikev2_rx *rx);
/* Is a member registered from the address that this comes from, and is there no
 * other half-open SA in its place?  Of use where the address was proved. */
bool gikev2_half_open_kept(const struct gikev2_rx *rx);

/* Of a key server, before anybody comes; 0 or -NO_MEMORY. */
int gikev2_addresses_init(struct gikev2 *engine);
void gikev2_addresses_free(struct gikev2 *engine);
/* By gm->path, which no one but _moved() changes in between. */
void gikev2_address_add(struct gikev2 *engine, struct gikev2_gm *gm);
void gikev2_address_remove(struct gikev2_gm *gm);
void gikev2_address_moved(struct gikev2_gm *gm, const struct gikev2_path *path);

/* Authenticated: what the setup needed goes, liveness checks begin. */
void gikev2_ike_established(struct gikev2_ike *ike, uint64_t now);

/* The peer answered properly, but not to our satisfaction: it is told. */
void gikev2_ike_failed(struct gikev2_ike *ike, int err, uint64_t now);

/*
 * Ends an SA without a word to the peer; its owner is told why.  The
 * structure stays until gikev2_bury().
 */
void gikev2_ike_end(struct gikev2_ike *ike, int err, uint64_t now);

/* Ends it by a Delete; its owner is told at once. */
void gikev2_ike_delete(struct gikev2_ike *ike, int err, uint64_t now);

/* Saves what changed, frees what has ended; at the engine's edge only. */
void gikev2_bury(struct gikev2 *engine);

int gikev2_ike_set_peer(struct gikev2_ike *ike, const struct gikev2_id *id);

/* gikev2_exchange.c: requests, responses, retransmission */
/* A flight to the peer, by another path than the SA's when it came by one. */
void gikev2_ike_send(struct gikev2_ike *ike, const struct gikev2_path *path,
		     const struct gikev2_octets *flight, uint64_t now);
int gikev2_send_init(struct gikev2_ike *ike, struct gikev2_payloads *payloads,
		     uint64_t now);
int gikev2_send_clear(struct gikev2_rx *rx, const uint8_t *spi_r,
		      struct gikev2_payloads *payloads,
		      struct gikev2_octets *keep);
int gikev2_request(struct gikev2_ike *ike, uint8_t exchange,
		   const struct gikev2_payloads *payloads, uint64_t now);
int gikev2_respond(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		   const struct gikev2_payloads *payloads);
int gikev2_respond_notify(struct gikev2_ike *ike, const struct gikev2_rx *rx,
			  uint16_t type, const void *data, size_t len);
void gikev2_want(struct gikev2_ike *ike, enum gikev2_want want, uint64_t now);
void gikev2_run_deferred(struct gikev2 *engine, uint64_t now);
void gikev2_request_done(struct gikev2_ike *ike, uint64_t now);
void gikev2_ike_timer(void *owner, uint64_t now);

/* gikev2_sk.c: protected messages, key derivation */
void gikev2_header_get(const uint8_t *octets, struct gikev2_header *header);
void gikev2_header_put(uint8_t *octets, const struct gikev2_header *header);
/* Keys of one direction of an SA. */
struct gikev2_shield {
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ; /* NULL with AEAD */
	const uint8_t *sk_e, *sk_a;
	uint64_t *iv; /* last one used, AEAD; for sealing only */
};

/* Which part of a message this is; total 0: it is all of it. */
struct gikev2_fragment {
	uint16_t number, total;
	uint8_t reserved; /* C and RESERVED of the generic header */
};

/*
 * A message, or a fragment of one, around the inner payloads `text`, the
 * first of which is of type `first`.  Fills in the header but for SPIs,
 * exchange, flags and ID.
 */
int gikev2_shield_seal(struct gikev2 *engine, struct gikev2_shield *shield,
		       struct gikev2_header *header, uint8_t first,
		       const struct gikev2_fragment *fragment,
		       struct gikev2_chunk text, struct gikev2_buf *out);
/*
 * The opposite.  *text, without padding, lies in scratch->in; the type of its
 * first payload is scratch->in[GIKEV2_HEADER_LEN].
 */
int gikev2_shield_open(struct gikev2 *engine,
		       const struct gikev2_shield *shield, struct gikev2_rx *rx,
		       struct gikev2_fragment *fragment,
		       struct gikev2_chunk *text);
/* Octets of text that fit into a fragment, or a whole message, of `size`. */
size_t gikev2_shield_room(const struct gikev2_shield *shield, size_t size,
			  bool whole);

/* gikev2_fragment.c (RFC 7383) */
/* Several datagrams one behind the other, if it is to be fragmented. */
int gikev2_flight_seal(struct gikev2 *engine, struct gikev2_shield *shield,
		       struct gikev2_header *header, uint8_t first,
		       struct gikev2_chunk text, bool fragmentation,
		       struct gikev2_buf *out);
void gikev2_flight_send(struct gikev2 *engine, const struct gikev2_path *path,
			struct gikev2_chunk flight);
/*
 * Takes a fragment that proved genuine.  1: that was the last one, *text,
 * *first and fragment->reserved are now of the whole; 0: others are missing; or
 * negative.  *account, if any, counts what is held; -REASSEMBLY_LIMIT when it
 * would be too much.
 */
#define GIKEV2_REASSEMBLY_MAX (4u << 20)
int gikev2_fragment_add(struct gikev2_fragments **fragments, size_t *account,
			const struct gikev2_header *header, uint64_t now,
			struct gikev2_fragment *fragment, uint8_t *first,
			struct gikev2_chunk *text);
/* Gives up what has waited too long for its other parts. */
void gikev2_fragments_expire(struct gikev2_fragments **fragments, uint64_t now);
void gikev2_fragments_free(struct gikev2_fragments **fragments);

/* gikev2_sk_open(): genuine, but there is more to come. */
#define GIKEV2_INCOMPLETE 1

int gikev2_sk_seal(struct gikev2_ike *ike, uint8_t exchange, bool response,
		   uint32_t id, const struct gikev2_payloads *payloads,
		   struct gikev2_buf *out);
int gikev2_sk_open(struct gikev2_ike *ike, struct gikev2_rx *rx);
/* A request that was answered before, and perhaps with keys before these. */
int gikev2_sk_open_again(struct gikev2_ike *ike, struct gikev2_rx *rx);

#define GIKEV2_SIGNED_HEADER_LEN (GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN)
/*
 * Both headers of a protected message with the lengths that they would have
 * around the inner payloads alone, whole and not encrypted: what AUTH covers
 * of them (RFC 9838 section 2.4.1.1, RFC 9242 section 3.3.2).
 */
void gikev2_signed_header(const struct gikev2_header *from, uint8_t first,
			  uint8_t reserved, size_t text_len,
			  uint8_t out[GIKEV2_SIGNED_HEADER_LEN]);
int gikev2_sk_derive(struct gikev2_ike *ike);
/* New keys from SK_d and the secret of an additional exchange. */
int gikev2_sk_update(struct gikev2_ike *ike, struct gikev2_chunk shared);
int gikev2_sk_derive_heir(const struct gikev2_ike *old,
			  struct gikev2_ike *heir);
int gikev2_kwk(const struct gikev2_ike *ike, uint8_t *kwk);

/* gikev2_keylog.c: tells whoever asked for it of keys */
void gikev2_keylog_ike(const struct gikev2_ike *ike);
void gikev2_keylog_kek(struct gikev2 *engine, const struct gikev2_kek *kek);
void gikev2_keylog_groups(struct gikev2 *engine);  /* gikev2_group.c */
void gikev2_keylog_members(struct gikev2 *engine); /* gikev2_keks.c */

/* gikev2_suite.c: IKE SA proposals */
/* `spi` is empty in IKE_SA_INIT, ours when an SA is rekeyed; `addke`: may
 * additional key exchanges be agreed on? */
void gikev2_suite_offer(struct gikev2 *engine, struct gikev2_chunk spi,
			struct gikev2_payload *sa);
const struct gikev2_ke_alg *gikev2_suite_first_ke(const struct gikev2 *engine);
bool gikev2_suite_knows(const struct gikev2 *engine, uint8_t type, uint16_t id,
			uint16_t key_bits);
int gikev2_suite_choose(const struct gikev2 *engine,
			const struct gikev2_pld_sa *sa, size_t spi_len,
			uint16_t ke_group, bool addke,
			struct gikev2_suite *suite);
void gikev2_suite_answer(struct gikev2 *engine,
			 const struct gikev2_suite *suite,
			 struct gikev2_chunk spi, struct gikev2_payload *sa);
int gikev2_suite_accept(const struct gikev2 *engine,
			const struct gikev2_pld_sa *sa, size_t spi_len,
			bool addke, struct gikev2_suite *suite);
/* Is there anything that we could offer? */
bool gikev2_suite_possible(const struct gikev2 *engine);

/* gikev2_transition.c: the handler for what came, by state; ike may be NULL */
int gikev2_transition(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* What IKE_SA_INIT and a rekey have in common; gikev2_init.c. */
int gikev2_make_ke(struct gikev2_ike *ike, const struct gikev2_ke_alg *alg);
int gikev2_make_nonce(struct gikev2 *engine, struct gikev2_octets *nonce);
int gikev2_keep_peer(struct gikev2_rx *rx, struct gikev2_octets *ke,
		     struct gikev2_octets *nonce);
/* KE and Nonce payloads; `public` keeps what KE borrows. */
int gikev2_add_exchange(struct gikev2_ike *ike, struct gikev2_payloads *tx,
			const struct gikev2_octets *nonce,
			uint8_t public[GIKEV2_KE_PUBLIC_MAX]);

/* Handlers.  An error they return is answered where RFC 7296 says so. */
/* gikev2_init.c */
int gikev2_init_start(struct gikev2_ike *ike, uint64_t now);
int gikev2_init_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_init_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_init_error(struct gikev2_ike *ike, struct gikev2_rx *rx);
/* Answers a request with a critical payload that is not known. */
void gikev2_init_unknown(struct gikev2_rx *rx);

/* gikev2_auth.c */
int gikev2_auth_start(struct gikev2_ike *ike, uint64_t now);
int gikev2_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_ike_auth_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_ike_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_auth_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_auth_refused(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_auth_error(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* gikev2_proof.c: ID, CERT, AUTH */
/* What is known of both sides while one message is handled. */
struct gikev2_proof {
	void *cookie;
	struct gikev2_auth_policy policy;
	struct gikev2_secret secret; /* len 0: not asked for yet */
	uint8_t peer_way;	     /* GIKEV2_BY_*; 0: not known yet */
};

void gikev2_proof_announce(struct gikev2_ike *ike, struct gikev2_payloads *tx);
int gikev2_proof_learn(struct gikev2_ike *ike, struct gikev2_rx *rx);
/* ike->peer is known, or NULL; ended by gikev2_proof_end(). */
void gikev2_proof_begin(const struct gikev2_ike *ike, void *cookie,
			struct gikev2_proof *proof);
void gikev2_proof_end(struct gikev2_proof *proof);
/* What is kept of a secret: enough to know it again, and no secret. */
int gikev2_proof_digest(const struct gikev2 *engine, struct gikev2_chunk secret,
			uint8_t digest[GIKEV2_PEER_PROOF_LEN]);
/* The peer's ID and AUTH. */
int gikev2_proof_verify(struct gikev2_ike *ike, struct gikev2_rx *rx,
			struct gikev2_proof *proof);
/* Adds ours; what the payloads borrow is in the arena.  rx: the request that
 * is being answered, NULL when it is ours. */
int gikev2_proof_add(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		     struct gikev2_proof *proof, struct gikev2_payloads *tx);

/* gikev2_contact.c: authenticated SAs by the peer's identity */
struct gikev2_peers {
	struct gikev2_ike **buckets;
	size_t bucket_count, count; /* a power of two; SAs */
	uint64_t seed;		    /* of the hash */
};
/* SAs with one peer that serve no group, at the key server. */
#define GIKEV2_IDLE_SAS_MAX 8

/* Those of all peers, by when they last served one, the longest ago first. */
struct gikev2_idles {
	struct gikev2_ike *first, *last;
	uint32_t count;
};

/* It serves a group, or none any more. */
void gikev2_idle_changed(struct gikev2_ike *ike);

int gikev2_peers_init(struct gikev2_peers *peers);
void gikev2_peers_free(struct gikev2_peers *peers);
void gikev2_peers_add(struct gikev2_ike *ike);
void gikev2_peers_remove(struct gikev2_ike *ike);
/* The SA is one of its peer's; no other of these need be alive afterwards. */
void gikev2_peers_limit(const struct gikev2_ike *ike, uint64_t now);

/* INITIAL_CONTACT, where it is true; ike->peer has proved itself to the
 * server, or is not known to the member. */
void gikev2_contact_add(const struct gikev2_ike *ike,
			struct gikev2_payloads *tx);
/* The same from a peer that has proved itself; before the SA is established. */
void gikev2_contact_read(struct gikev2_ike *ike, const struct gikev2_rx *rx);

/* gikev2_info.c */
int gikev2_info_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_info_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_delete_response(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* gikev2_rekey.c: CREATE_CHILD_SA, for the IKE SA itself */
int gikev2_rekey_ike(struct gikev2_ike *ike, uint64_t now);
int gikev2_rekey_ike_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_rekey_ike_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_rekey_ike_error(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_child_request(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_child_while_deleting(struct gikev2_ike *ike, struct gikev2_rx *rx);
/* The peer works with this SA: if it is an heir, the peer has settled on it. */
void gikev2_heir_used(struct gikev2_ike *heir, uint64_t now);
/* Hands what an SA serves to its heir, when it has one; false: it has none. */
bool gikev2_inherit(struct gikev2_ike *ike, uint64_t now);
/* The SA is ending: its heirs are on their own. */
void gikev2_disinherit(struct gikev2_ike *ike);

/* gikev2_sag.c: what members can do */
/* What this member can do; private numbers only where the server shares our
 * profile. */
void gikev2_sag_add(struct gikev2 *engine, struct gikev2_payloads *payloads,
		    const struct gikev2_member_config *config, bool profile);
/*
 * Reads SAg (NULL: there is none, it can do everything) for a group into
 * can, whose `plain` is given: what it listed must be possible, and something
 * must be listed.  0 or -NO_PROPOSAL.
 */
int gikev2_sag_match(const struct gikev2_pld_sa *sag,
		     const struct gikev2_group_config *config,
		     struct gikev2_abilities *can);
/* Did it list the row's protocol; and can it do what the row needs? */
bool gikev2_lists(const struct gikev2_abilities *can,
		  const struct keytable_row *row);
bool gikev2_can(const struct gikev2_abilities *can,
		const struct keytable_row *row);
/* The Security Protocol ID that a row has on the wire. */
uint8_t gikev2_wire_protocol(const struct keytable_row *row, bool plain);
/* gikev2_plan.c: a row of that policy, without ID, key and times.  choice 0 is
 * the first one, the fallbacks follow. */
void gikev2_policy_sample(const struct gikev2_group_protocol *config,
			  size_t choice, struct keytable_row *row);

/* gikev2_sender.c: what stands for a name in row->ipsec.sender.  Never 0. */
uint64_t gikev2_sender_digest(struct gikev2 *engine,
			      const struct gikev2_id *id);

/* gikev2_ipsec.c: IPsec SAs in GSA policies */
static inline bool gikev2_is_plain(uint8_t protocol)
{
	return protocol == GIKEV2_PROTO_AH || protocol == GIKEV2_PROTO_ESP;
}
/* Transforms, and selectors in plain form. */
int gikev2_ipsec_put(struct gikev2 *engine, const struct keytable_row *row,
		     bool plain, struct gikev2_policy *policy);
/* Protocol, direction and row->ipsec but for Sender-IDs; local: our address,
 * or NULL.  -BAD_SYNTAX, -BAD_ATTRIBUTE, -BAD_POLICY, -SELECTORS. */
int gikev2_ipsec_get(struct gikev2 *engine, const struct gikev2_policy *policy,
		     const struct gikev2_endpoint *local,
		     struct keytable_row *row);

/* gikev2_policy.c: GSA, KD against rows */
struct gikev2_delays {
	bool has_atd, has_dtd;
	uint16_t atd, dtd; /* seconds */
};

/* A key encryption key and its algorithm: of a unicast or of a Rekey SA. */
struct gikev2_wrapper {
	const struct gikev2_kwa *kwa;
	uint8_t kwk[GIKEV2_KWK_MAX];
};

int gikev2_wrapper_of_ike(const struct gikev2_ike *ike,
			  struct gikev2_wrapper *wrapper);

/* What GSA and KD are to say. */
struct gikev2_content {
	const struct keytable_row *rows[KEYTABLE_ROWS_MAX]; /* oldest first */
	size_t count;
	bool plain; /* IPsec policies in RFC 9838's own words */
	const struct gikev2_sender_ids *sender_ids; /* NULL: none are told */
	struct gikev2_delays delays;
	const struct gikev2_kek *kek; /* NULL: no Rekey SA */
	bool registration;	      /* not a rekey */
	bool auth_key;		      /* AUTH_KEY too: another than before */
	/* with a tree: the member that registers, or is being excluded */
	const struct gikev2_lkh *lkh;
	uint32_t leaf;
};

int gikev2_policy_add(struct gikev2 *engine,
		      const struct gikev2_wrapper *wrapper,
		      struct gikev2_payloads *payloads,
		      const struct gikev2_content *content, uint64_t now);
/* Where GSA and KD came from. */
struct gikev2_origin {
	const struct gikev2_wrapper *wrapper;
	const struct gikev2_kek *carrier;   /* NULL: a unicast SA */
	const struct gikev2_key_path *path; /* the working one; NULL: none */
	bool profile;			    /* the server shares our profile */
	bool registration;		    /* not a rekey */
	/* the member's; what a registration says takes their place */
	const struct gikev2_sender_ids *sender_ids;
	const struct gikev2_endpoint *local; /* our address; NULL: unknown */
};

int gikev2_policy_read(struct gikev2 *engine,
		       const struct gikev2_origin *origin,
		       struct gikev2_payloads *payloads,
		       const struct gikev2_member_config *config,
		       struct gikev2_download *download, uint64_t now);
int gikev2_policy_read_ike(struct gikev2_ike *ike,
			   const struct gikev2_member *member,
			   struct gikev2_rx *rx, bool registration,
			   struct gikev2_download *download);
/* Nothing is in it, whatever there was. */
void gikev2_download_clear(struct gikev2_download *download);
void gikev2_download_wipe(struct gikev2_download *download);
/* An attribute with room for `len` octets in the arena, alone in its list. */
struct gikev2_attr *gikev2_attr_add(struct gikev2 *engine,
				    struct gikev2_list *list, uint16_t type,
				    size_t len);
/* SA_KEY: Key ID 0, KWK ID 0, wrapped. */
int gikev2_wrap_sa_key(struct gikev2 *engine,
		       const struct gikev2_wrapper *wrapper,
		       struct gikev2_chunk plain, struct gikev2_bag *bag);

/* gikev2_kek_policy.c: the Rekey SA in SAg, GSA and KD */
void gikev2_kek_offer(struct gikev2 *engine, struct gikev2_list *transforms);
bool gikev2_kek_match(const struct gikev2_pld_sa *sag, uint8_t number,
		      const struct gikev2_rekey_config *rekey);
void gikev2_key_length_add(struct gikev2 *engine,
			   struct gikev2_transform *transform, uint16_t bits);
int gikev2_kek_add(struct gikev2 *engine, const struct gikev2_wrapper *wrapper,
		   const struct gikev2_content *content,
		   struct gikev2_policy *policy, struct gikev2_bag *bag,
		   uint64_t now);
int gikev2_auth_key_add(struct gikev2 *engine, const struct gikev2_kek *kek,
			struct gikev2_bag *bag);
int gikev2_kek_read(const struct gikev2_policy *policy,
		    const struct gikev2_pld_kd *kd,
		    const struct gikev2_kek *carrier, struct gikev2_kek *kek,
		    uint64_t now);

/* AUTH_KEY, if there is one, for what comes over this Rekey SA from now on. */
int gikev2_kek_new_auth_key(const struct gikev2_pld_kd *kd,
			    struct gikev2_kek *kek);

/* gikev2_push.c: GSA_REKEY, which the slides call GSA_PUSH */
/* In fragments where it is long and every member does them. */
int gikev2_push_seal(struct gikev2 *engine, struct gikev2_kek *kek,
		     struct gikev2_payloads *payloads, bool fragmentation,
		     struct gikev2_octets *flight);
int gikev2_push_input(struct gikev2_rx *rx);

/* gikev2_member.c */
const struct gikev2_member_config *
gikev2_member_config(const struct gikev2_member *member);
void *gikev2_member_cookie(const struct gikev2_member *member);
struct gikev2 *gikev2_member_engine(const struct gikev2_member *member);
struct gikev2_member *gikev2_member_next(const struct gikev2_member *member);
struct gikev2_keks *gikev2_member_keks(struct gikev2_member *member);
/*
 * Something that was for us did not reach us: registers anew soon, but not
 * with all the others that it did not reach either.
 */
void gikev2_member_recover(struct gikev2_member *member, int err, uint64_t now);
/* What was missed has come after all. */
void gikev2_member_recovered(struct gikev2_member *member, int err,
			     uint64_t now);
/* Keys with the server are agreed on: GSA_AUTH is on its way. */
void gikev2_member_pairwise(struct gikev2_member *member, uint64_t now);
/* The server's answer to our registration. */
void gikev2_member_downloaded(struct gikev2_member *member,
			      struct gikev2_download *download, uint64_t now);
/* A policy that we cannot follow came over ike. */
void gikev2_member_refuse(struct gikev2_member *member, struct gikev2_ike *ike,
			  int err, uint64_t now);
/* Over ike, which other groups use as well, there is no registration to be
 * had; it is no longer ours. */
void gikev2_member_turned_away(struct gikev2_member *member,
			       struct gikev2_ike *ike, int err, uint64_t now);
/* Another SA takes the place of ours. */
void gikev2_member_moved(struct gikev2_member *member,
			 const struct gikev2_ike *old, struct gikev2_ike *ike);
/* ike is ending; it is no longer ours. */
void gikev2_member_ended(struct gikev2_member *member, struct gikev2_ike *ike,
			 int err, uint64_t now);
/* Somebody says that the server does not know our SA. */
void gikev2_member_hint(struct gikev2_member *member, uint64_t now);
void gikev2_member_free(struct gikev2_member *member);

/* gikev2_tie.c: groups of ours and the IKE SAs that they use */
/* NULL: out of memory. */
struct gikev2_tie *gikev2_tie_add(struct gikev2_ike *ike,
				  struct gikev2_member *member);
/* Without a word. */
void gikev2_tie_cut(struct gikev2_ike *ike, const struct gikev2_member *member);
/* The server is asked for the group by GSA_REGISTRATION. */
void gikev2_tie_register(struct gikev2_ike *ike, struct gikev2_tie *tie,
			 uint64_t now);
/*
 * The server is told by that error notify that the member leaves; from now on
 * it has nothing to do with the SA, which is deleted if nobody else uses it.
 */
void gikev2_tie_leave(struct gikev2_ike *ike,
		      const struct gikev2_member *member, uint16_t why,
		      uint64_t now);
/* Whoever uses the SA is told that it ends. */
void gikev2_ties_end(struct gikev2_ike *ike, int err, uint64_t now);
void gikev2_ties_move(struct gikev2_ike *ike, struct gikev2_ike *heir,
		      uint64_t now);
/* gikev2_member_hint() for all of them but that one. */
void gikev2_ties_hint(const struct gikev2_ike *ike,
		      const struct gikev2_member *except, uint64_t now);
void gikev2_ties_free(struct gikev2_ike *ike);
/* The one that the SA was made for, or the next one; NULL. */
struct gikev2_member *gikev2_ike_member(const struct gikev2_ike *ike);
/* The one that GSA_INBAND_REKEY without a name is for; NULL. */
struct gikev2_member *gikev2_ike_inband(const struct gikev2_ike *ike);
/* The one of that group, also if its member left and the server has yet to
 * hear of that; NULL. */
const struct gikev2_tie *gikev2_tie_named(const struct gikev2_ike *ike,
					  const struct gikev2_pld_id *idg);
void gikev2_add_idg(struct gikev2_payloads *tx, const struct gikev2_id *group);
/* One came for that member. */
void gikev2_tie_rekeyed(struct gikev2_ike *ike,
			const struct gikev2_member *member, uint64_t now);
int gikev2_send_registration(struct gikev2_ike *ike, uint64_t now);
int gikev2_send_leave(struct gikev2_ike *ike, uint64_t now);
int gikev2_registration_answer(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_registration_error(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_registration_left(struct gikev2_ike *ike, struct gikev2_rx *rx);
/* GSA and KD in an answer to our registration, by either exchange. */
int gikev2_registration_read(struct gikev2_ike *ike, struct gikev2_tie *tie,
			     struct gikev2_rx *rx);
/* IDg, SAg, N(GROUP_SENDER): what a registration asks for. */
void gikev2_add_group(struct gikev2_ike *ike,
		      const struct gikev2_member *member,
		      struct gikev2_payloads *tx);

/* gikev2_keks.c: a member's Rekey SAs */
struct gikev2_keks {
	struct gikev2_kek now;
	struct gikev2_kek old; /* until old_end */
	uint64_t old_end;
	struct gikev2_key_path path; /* to `now` */
	bool hinted; /* a next SPI of `now` was seen: believed once */
};

/* Whose Rekey SA has that SPI, the present one or the one before; NULL. */
struct gikev2_member *gikev2_member_by_kek(struct gikev2 *engine,
					   const uint8_t *spi,
					   struct gikev2_kek **kek);
/*
 * A new Rekey SA, which is emptied, and the way to it; the one before, if any,
 * ends at `old_end`.  False: we have gone on from that one already.
 */
bool gikev2_keks_set(struct gikev2_member *member,
		     struct gikev2_download *download, uint64_t old_end,
		     uint64_t now);
void gikev2_keks_drop(struct gikev2_member *member);
/* Drops those that are over; true when we have none any more. */
bool gikev2_keks_expire(struct gikev2_member *member, uint64_t now);
uint64_t gikev2_keks_next(const struct gikev2_keks *keks);
/* A Delete named that SPI; true when it was the present one. */
bool gikev2_keks_delete(struct gikev2_member *member, const uint8_t *spi);
/*
 * A message over a Rekey SA that nobody has: -NEXT_SPI when its SPI was told to
 * somebody beforehand, else 0.
 */
int gikev2_keks_hint(struct gikev2 *engine, const uint8_t *spi, uint64_t now);

/* gikev2_inband.c: handlers and requests of GSA_INBAND_REKEY at the member */
/* GSA_REKEY, verified, over one of the member's Rekey SAs. */
int gikev2_member_push(struct gikev2_member *member, struct gikev2_kek *kek,
		       struct gikev2_rx *rx);
int gikev2_member_rekey(struct gikev2_ike *ike, struct gikev2_rx *rx);
struct gikev2_rows *gikev2_member_rows(struct gikev2_member *member);
/* Is there more than one key server that it may ask? */
bool gikev2_member_has_others(const struct gikev2_member *member);
const struct gikev2_sender_ids *
gikev2_member_sender_ids(const struct gikev2_member *member);
/* A rekey message was applied; with or without anything new in it. */
void gikev2_member_rekeyed(struct gikev2_member *member, bool news,
			   uint64_t now);
void gikev2_member_excluded(struct gikev2_member *member, uint64_t now);
/* A policy that nobody can be told of at once that we do not follow. */
void gikev2_member_cannot(struct gikev2_member *member, int err, uint64_t now);

/* gikev2_group.c: the key server's state machine */
struct gikev2_generations;
struct gikev2_group *gikev2_group_find(struct gikev2 *engine,
				       const struct gikev2_pld_id *id);
void *gikev2_group_cookie(const struct gikev2_group *group);
struct gikev2 *gikev2_group_engine(const struct gikev2_group *group);
const struct gikev2_group_config *
gikev2_group_config(const struct gikev2_group *group);
struct gikev2_generations *gikev2_group_generations(struct gikev2_group *group);
/* Keys were added: the members are told, by the group's timer. */
void gikev2_group_changed(struct gikev2_group *group, uint64_t now);
/* All members have to go and to register anew, by the group's timer. */
void gikev2_group_clear(struct gikev2_group *group, uint64_t now);
/* The Sender-ID to hand out next. */
uint32_t *gikev2_group_next_sender_id(struct gikev2_group *group);
struct gikev2_multicast *gikev2_group_multicast(struct gikev2_group *group);
struct gikev2_kek *gikev2_group_kek(struct gikev2_group *group);
struct gikev2_lkh *gikev2_group_lkh(struct gikev2_group *group);
struct gikev2_gms *gikev2_group_gms(struct gikev2_group *group);
/* Are its members' IKE SAs kept up: for rekeys, or to notice who is gone? */
bool gikev2_group_keeps_sas(struct gikev2_group *group);
/* Are they sent GSA_INBAND_REKEY over these, alone or beside the multicast? */
bool gikev2_group_inband(struct gikev2_group *group);
/* The first one after NULL. */
struct gikev2_group *gikev2_group_next(struct gikev2 *engine,
				       const struct gikev2_group *group);
/* To be saved; has it changed since this was last asked? */
void gikev2_group_unsaved(struct gikev2_group *group);
bool gikev2_group_take_unsaved(struct gikev2_group *group);
/* An authenticated peer asks to join: adds GSA and KD to the answer. */
int gikev2_group_join(struct gikev2_group *group, struct gikev2_ike *ike,
		      struct gikev2_rx *rx, struct gikev2_payloads *answer);
void gikev2_group_free(struct gikev2_group *group);
/* A member goes, and cannot follow any more; err is why. */
int gikev2_group_leave(struct gikev2_gm *gm, int err, uint64_t now);
/* ... and it was the member that said so. */
int gikev2_group_left(struct gikev2_gm *gm, int err, uint64_t now);

/* gikev2_gm.c: the list of members */
/* The first registration of that identity, or the one after `last`; NULL. */
struct gikev2_gm *gikev2_gm_find(struct gikev2_group *group,
				 const struct gikev2_id *id,
				 const struct gikev2_gm *last);
struct gikev2_gm *gikev2_gm_new(struct gikev2_group *group,
				struct gikev2_ike *ike, uint64_t now);
struct gikev2_gm *gikev2_gm_of(const struct gikev2_ike *ike,
			       const struct gikev2_group *group);
/* The next one that has to hear something by GSA_INBAND_REKEY; NULL. */
struct gikev2_gm *gikev2_gm_to_tell(const struct gikev2_ike *ike);
/* Ends a registration; err is why. */
void gikev2_gm_end(struct gikev2_gm *gm, int err, uint64_t now);
/* Ends those of the same identity but for this one. */
void gikev2_gm_end_older(struct gikev2_gm *newer, uint64_t now);
/* The SA is ending: its registrations go with it. */
void gikev2_gms_release(struct gikev2_ike *ike, int err, uint64_t now);
void gikev2_gm_free(struct gikev2_gm *gm);
/* Frees all of them. */
void gikev2_gms_free(struct gikev2_gms *gms);
/* One to be filled with what was saved, its id above all, then inserted: ike
 * may be NULL.  Without memory for that it is freed. */
struct gikev2_gm *gikev2_gm_empty(struct gikev2_group *group);
int gikev2_gm_insert(struct gikev2_gm *gm, struct gikev2_ike *ike);

/* gikev2_registration.c: what a member is sent, and what it asks */
int gikev2_registration_add(struct gikev2_gm *gm,
			    struct gikev2_payloads *answer, uint64_t now);
int gikev2_send_rekey(struct gikev2_ike *ike, uint64_t now);
/* What a GSA_REKEY is about; unless it says more, the youngest keys. */
struct gikev2_news {
	const struct gikev2_kek *next; /* in the place of the Rekey SA */
	uint32_t excluded;	       /* leaf shut out by it, or NO_LEAF */
	bool delete_kek;	       /* the Rekey SA alone */
	bool delete_all;	       /* and all keys, and all members */
};
/* Makes it, for all members, over the present Rekey SA. */
int gikev2_registration_push(struct gikev2_group *group,
			     const struct gikev2_news *news,
			     struct gikev2_octets *flight, uint64_t now);
int gikev2_rekey_response(struct gikev2_ike *ike, struct gikev2_rx *rx);
int gikev2_registration_request(struct gikev2_ike *ike, struct gikev2_rx *rx);

/* ----------------------------------------------------------------- cookies */

#define GIKEV2_COOKIE_SECRET_LEN 32

/* Two secrets, the younger in use; gikev2_cookie.c. */
struct gikev2_cookies {
	uint8_t secret[2][GIKEV2_COOKIE_SECRET_LEN];
	uint8_t version; /* of the younger, which is secret[version % 2] */
	uint64_t rolled; /* 0: none drawn yet */
};

/* Is this IKE_SA_INIT request to show a cookie, and does it?  0: go on;
 * -COOKIE: it was told to come again with one. */
int gikev2_cookie_check(struct gikev2_rx *rx);

/* ------------------------------------------------------------------ engine */

/*
 * What an engine needs for one message at a time, and nothing that it has to
 * remember: several engines may share it.  gikev2_scratch.c.
 */
struct gikev2_scratch {
	struct gikev2_crypto *crypto;
	struct gikev2_payloads rx_payloads, tx_payloads;
	uint8_t in[GIKEV2_MESSAGE_MAX];
	uint8_t text[GIKEV2_MESSAGE_MAX];    /* inner payloads to be sealed */
	uint8_t out[2 * GIKEV2_MESSAGE_MAX]; /* fragments have their price */
	uint8_t framed[GIKEV2_MARKER_LEN + 2 * GIKEV2_MESSAGE_MAX]; /* NAT-T */
	_Alignas(max_align_t) uint8_t arena[GIKEV2_ARENA_SIZE];
};

struct gikev2 {
	/* what every datagram needs, also one that is dropped, comes first */
	const struct gikev2_callbacks *callbacks;
	void *arg;
	struct gikev2_scratch *scratch;
	struct gikev2_crypto *crypto; /* the scratch's */
	struct gikev2_arena arena;    /* in the scratch */
	size_t in_len;		      /* to be wiped of scratch->in */
	int problem_err;
	bool own_scratch;
	bool ikes_loaded;
	bool closing;  /* what ends now is still there for the next process */
	bool handling; /* there is a message in hand */
	/* SAs that have something to ask when the message in hand is done */
	struct gikev2_ike *deferred;
	struct gikev2_ike *dead; /* ended, to be freed at the edge */
	struct gikev2_timers timers;
	struct gikev2_member *members;
	struct gikev2_group *groups;
	struct gikev2_ike *ikes;     /* all, newest first */
	struct gikev2_ike **buckets; /* by our SPI */
	size_t bucket_count;	     /* a power of two */
	uint64_t serial;	     /* of the youngest */
	struct gikev2_totals totals;
	uint64_t counters[GIKEV2_ERR_MAX];

	void (*keylog)(void *arg, const struct gikev2_keylog *keys);
	struct gikev2_params params;
	struct gikev2_id identity;
	uint8_t vendor_id[GIKEV2_VENDOR_ID_LEN];

	struct gikev2_peers peers;
	struct gikev2_idles idles;
	size_t reassembly; /* octets held for the unauthenticated */
	struct gikev2_ike *half_open[GIKEV2_HALF_BUCKETS];
	uint16_t half_open_networks[GIKEV2_HALF_NETWORKS]; /* how many each has */
	uint32_t half_open_kept; /* those in places of members' addresses */
	uint64_t half_open_seed; /* of the hash of addresses and networks */
	struct gikev2_address_bucket *addresses; /* of members */

	/* changed since the last call, to be saved */
	struct gikev2_ike *unsaved_ikes;
	struct gikev2_gm *unsaved_gms;
	struct gikev2_archive *archive;
	uint64_t last_handle; /* of what was saved */

	uint32_t last_spi;    /* of an IPsec SA; 0: none drawn yet */
	uint64_t notify_next; /* rate limit of unprotected answers */
	struct gikev2_cookies cookies;
	char problem[GIKEV2_PROBLEM_MAX]; /* behind problem_err */
	const struct gikev2_ike *asking;  /* in authorize() */
	bool asking_proved;		  /* ... for that group */
};

/* An empty set of payloads to fill and send. */
struct gikev2_payloads *gikev2_tx(struct gikev2 *engine);

/* Says more than a reason can, for the event that it ends in; returns err. */
__attribute__((format(printf, 3, 4))) int
gikev2_problem(struct gikev2 *engine, int err, const char *format, ...);

/* Counts; returns -err, whichever sign it came with. */
int gikev2_count(struct gikev2 *engine, int err);

int gikev2_random(struct gikev2 *engine, uint8_t *octets, size_t len);
int gikev2_output(struct gikev2 *engine, const struct gikev2_path *path,
		  const uint8_t *octets, size_t len);
void gikev2_event(struct gikev2 *engine, enum gikev2_event_type type, int err,
		  void *cookie, const struct gikev2_ike *ike, uint64_t now);
void gikev2_gm_event(const struct gikev2_gm *gm, enum gikev2_event_type type,
		     int err, uint64_t now);

/* `period` plus or minus a quarter. */
uint64_t gikev2_jitter(struct gikev2 *engine, uint64_t period);
/* Between a quarter of it and all of it. */
uint64_t gikev2_spread(struct gikev2 *engine, uint64_t period);

/* A copy with room for its octets only; NULL: out of memory. */
struct gikev2_id *gikev2_id_dup(const struct gikev2_id *id);
int gikev2_id_from_payload(struct gikev2_id *id,
			   const struct gikev2_pld_id *payload);
struct gikev2_chunk gikev2_id_chunk(const struct gikev2_id *id);
/* For tables by identity: all bits are as good.  Who has a choice of names can
 * aim at one place, unless nobody knows the seed. */
uint64_t gikev2_id_hash(const struct gikev2_id *id, uint64_t seed);

/* The notify that tells a peer of a reason; 0: none does. */
uint16_t gikev2_err_to_notify(int err);
/* The reason that an error notify stands for. */
int gikev2_err_from_notify(uint16_t type);

#endif /* GIKEV2_INT_H */
