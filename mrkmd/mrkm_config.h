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

struct lyd_node;

/* What is not of one group. */
struct mrkm_base_config {
	bool enabled;
	bool key_server;
	struct gikev2_id identity;
	uint16_t port;
	uint16_t nat_port; /* 0: none */
	uint32_t liveness_interval; /* seconds */
	bool state_none;	    /* the key server keeps no state */
	char state_file[MRKM_FILE_SIZE], state_key[MRKM_FILE_SIZE];
	uint32_t half_open_limit;   /* 0: no key server is configured */
	struct gikev2_endpoint listen[MRKM_LISTEN_MAX];
	size_t listen_count; /* 0: every address */
};

struct mrkm_key_server_config {
	struct gikev2_endpoint endpoint;
	uint16_t nat_port;	   /* 0: this router's */
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
 * Checks the whole tree under MRKM_XPATH.  0, or -1 with a sentence that says
 * what is wrong and what to do.
 */
int mrkm_config_check(const struct lyd_node *tree, char *problem, size_t size);

/* Makes the daemon follow a tree that passed; NULL: nothing is configured. */
void mrkm_config_apply(const struct lyd_node *tree);

#endif /* MRKM_CONFIG_H */
