// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration, read out of the northbound's tree.
 */
#ifndef MRKM_CONFIG_H
#define MRKM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>

#include "gikev2/gikev2.h"

#define MRKM_XPATH "/frr-mrkmd:mrkmd/mrkm"

/* Octets of a name and of a file name, with the NUL. */
#define MRKM_NAME_SIZE 129
#define MRKM_FILE_SIZE 256
#define MRKM_LISTEN_MAX 16
/* As in the model. */
#define MRKM_CERTIFICATES_MAX 4
#define MRKM_TRUST_ANCHORS_MAX 16
#define MRKM_CRLS_MAX 16
#define MRKM_PPKS_MAX 4

struct lyd_node;

struct mrkm_certificate_config {
	char uri[MRKM_FILE_SIZE], private_key[MRKM_FILE_SIZE];
};

struct mrkm_anchor_config {
	char name[MRKM_NAME_SIZE], uri[MRKM_FILE_SIZE];
};

/* Certificates: ours, and whose we believe. */
struct mrkm_trust_config {
	struct mrkm_certificate_config certificates[MRKM_CERTIFICATES_MAX];
	size_t certificate_count;
	struct mrkm_anchor_config anchors[MRKM_TRUST_ANCHORS_MAX];
	size_t anchor_count;
	char crls[MRKM_CRLS_MAX][MRKM_FILE_SIZE];
	size_t crl_count;
	bool crl_required;
};

/* How the two sides of a group prove their identities. */
struct mrkm_auth_config {
	uint8_t own, peer; /* GIKEV2_BY_*; 0: the configuration does not say */
};

/* A post-quantum pre-shared key. */
struct mrkm_ppk_config {
	char id[GIKEV2_PPK_ID_MAX + 1]; /* empty: none */
	char file[MRKM_FILE_SIZE];
	bool required;
};

/* Keys that a member keeps (mrkm_keep.h). */
struct mrkm_keep_config {
	bool wanted;
	char file[MRKM_FILE_SIZE], key[MRKM_FILE_SIZE]; /* empty: default */
};

/* What is not of one group. */
struct mrkm_base_config {
	bool enabled;
	bool key_server;
	struct gikev2_id identity;
	uint16_t port;
	uint16_t nat_port;	    /* 0: none */
	uint32_t liveness_interval; /* seconds */
	bool state_none;	    /* the key server keeps no state */
	char state_file[MRKM_FILE_SIZE], state_key[MRKM_FILE_SIZE];
	struct mrkm_keep_config keep;
	uint32_t half_open_limit; /* 0: no key server is configured */
	struct mrkm_trust_config trust;
	bool addke_set; /* else what is the engine's default */
	struct gikev2_addke addke;
	struct gikev2_endpoint listen[MRKM_LISTEN_MAX];
	size_t listen_count; /* 0: every address */
};

struct mrkm_key_server_config {
	struct gikev2_endpoint endpoint;
	uint16_t nat_port;	   /* 0: this router's */
	uint8_t preference;	   /* lowest first */
	struct gikev2_id identity; /* GIKEV2_ID_NONE: any */
};

struct mrkm_protocol_config {
	uint8_t protocol; /* Security Protocol ID */
	char key_chain[MRKM_NAME_SIZE];
};

/* A group as its member. */
struct mrkm_group_config {
	char name[MRKM_NAME_SIZE];
	struct gikev2_id id;
	char psk_file[MRKM_FILE_SIZE]; /* empty: none */
	struct mrkm_auth_config auth;
	char trust_anchor[MRKM_NAME_SIZE]; /* empty: any */
	struct mrkm_ppk_config ppk;
	struct mrkm_key_server_config servers[GIKEV2_SERVERS_MAX];
	size_t server_count;
	struct mrkm_protocol_config protocols[GIKEV2_PROTOCOLS_MAX];
	size_t protocol_count;
	char multicast_interface[IFNAMSIZ]; /* empty: that of the route */
};

/* What the engine's part of a rekey configuration lacks. */
struct mrkm_rekey_config {
	char signature_uri[MRKM_FILE_SIZE]; /* empty: Implicit, or inband */
	char interface[IFNAMSIZ];	    /* empty: see mrkm_multicast.c */
	uint8_t ttl;
};

/* A group as its key server; the members are read by themselves. */
struct mrkm_ks_group_config {
	char name[MRKM_NAME_SIZE];
	struct gikev2_group_config engine;
	struct mrkm_rekey_config rekey;
	struct mrkm_auth_config auth;
	struct mrkm_ppk_config ppks[MRKM_PPKS_MAX];
	size_t ppk_count;
	uint32_t member_limit; /* 0: none */
};

/* Who may join it; the pointers are good until the tree changes. */
struct mrkm_ks_member_config {
	struct gikev2_id identity;
	bool pattern; /* ... is one: mrkm_pattern.h */
	bool receiver_only;
	const char *psk_file;	  /* NULL: none */
	bool certificate;	  /* is taken, too */
	const char *trust_anchor; /* that it must lead to; NULL: any */
	struct mrkm_ppk_config ppks[MRKM_PPKS_MAX];
	size_t ppk_count; /* 0: those of the group */
};

/* mrkm_config_protocol.c */
/* The protocol that a list entry names.  0, or -1 with a sentence. */
int mrkm_config_read_protocol(const struct lyd_node *entry, uint8_t *wire,
			      char *problem, size_t size);

/*
 * Reads what a key server's group makes keys for, and in which form it tells.
 * 0, or -1 with a sentence.
 */
int mrkm_config_read_ks_protocols(const struct lyd_node *group,
				  struct gikev2_group_config *config,
				  char *problem, size_t size);

/* mrkm_config_rekey.c */
/*
 * Reads the container `rekey` of a key server's group; `port` is this router's.
 * 0, or -1 with a sentence.
 */
int mrkm_config_read_rekey(const struct lyd_node *group, uint16_t port,
			   struct mrkm_ks_group_config *config, char *problem,
			   size_t size);

/* mrkm_config_auth.c */
/* Certificates, trust anchors, CRLs and key exchanges of `mrkm` itself. */
int mrkm_config_read_trust(const struct lyd_node *tree,
			   struct mrkm_base_config *base, char *problem,
			   size_t size);
/* The credentials of a group, in either role. */
void mrkm_config_read_auth(const struct lyd_node *group,
			   struct mrkm_auth_config *auth);
void mrkm_config_read_member_auth(const struct lyd_node *group,
				  struct mrkm_group_config *config);
void mrkm_config_read_ks_auth(const struct lyd_node *group,
			      struct mrkm_ks_group_config *config);
/* An entry of the list `member`.  0, or -1 with a sentence. */
int mrkm_config_read_ks_member(const struct lyd_node *node,
			       struct mrkm_ks_member_config *config,
			       char *problem, size_t size);

/* mrkm_config_keep.c */
/* Reads the container `keep-keys`; without one it is off. */
void mrkm_config_read_keep(const struct lyd_node *tree,
			   struct mrkm_keep_config *config);

/* mrkm_identity.c */
/*
 * Reads an identity as `type` ("fqdn", "email", "address", "key-id") and
 * `value` write it.  False when the value does not fit the type.
 */
bool mrkm_identity_read(const char *type, const char *value,
			struct gikev2_id *id);

/*
 * Writes an identity back into these two words.  False for what no
 * configuration can say (a stranger's type or octets).
 */
bool mrkm_identity_write(const struct gikev2_id *id, const char **type,
			 char *value, size_t size);

/*
 * Copies an identity.  The engine's own have room for their octets only, so an
 * assignment of the structure would read behind them.
 */
void mrkm_identity_copy(struct gikev2_id *to, const struct gikev2_id *from);

/* An address as text; the port is the caller's to set.  False: none. */
bool mrkm_address_read(const char *text, struct gikev2_endpoint *endpoint);
const char *mrkm_address_text(const struct gikev2_endpoint *endpoint, char *buf,
			      size_t size);

/* mrkm_config.c */
/*
 * The identity in a container or list entry of that grouping.  0, or -1 with a
 * sentence.
 */
int mrkm_config_read_identity(const struct lyd_node *node, struct gikev2_id *id,
			      char *problem, size_t size);
/* ... of somebody else, in the form that the engine has names in. */
int mrkm_config_read_peer(const struct lyd_node *node, struct gikev2_id *id,
			  char *problem, size_t size);

/*
 * Checks the whole tree under MRKM_XPATH.  0, or -1 with a sentence that says
 * what is wrong and what to do.
 */
int mrkm_config_check(const struct lyd_node *tree, char *problem, size_t size);

/* Makes the daemon follow a tree that passed; NULL: nothing is configured. */
void mrkm_config_apply(const struct lyd_node *tree);

#endif /* MRKM_CONFIG_H */
