// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line.
 */
#ifndef MRKM_CLI_H
#define MRKM_CLI_H

#include <zebra.h>

#include "command.h"
#include "northbound.h"
#include "prefix.h"
#include "sockunion.h"

/*
 * Nodes.  libfrr's own end at NODE_TYPE_MAX, and it takes what comes behind.
 * vtysh's table of nodes must have these at the same place and in the same
 * order (patches/).
 */
#define MRKM_NODE ((enum node_type)(NODE_TYPE_MAX + 0))
#define MRKM_GROUP_NODE ((enum node_type)(NODE_TYPE_MAX + 1))
#define MRKM_KS_NODE ((enum node_type)(NODE_TYPE_MAX + 2))
#define MRKM_KS_GROUP_NODE ((enum node_type)(NODE_TYPE_MAX + 3))

#define MRKM_STR "Multicast router key management\n"

/* Octets of an XPath that a leaf of the model can still be put behind. */
#define MRKM_CLI_ENTRY (XPATH_MAXLEN - 32)

void mrkm_cli_init(void);

/* mrkm_cli_ks.c */
void mrkm_cli_ks_init(void);

/* mrkm_cli_protocol.c */
void mrkm_cli_protocol_init(void);

/* mrkm_cli_auth.c */
void mrkm_cli_auth_init(void);

/* mrkm_cli_rekey.c */
void mrkm_cli_rekey_init(void);

/* mrkm_cli_keep.c */
void mrkm_cli_keep_init(void);

/* mrkm_show.c */
void mrkm_show_init(void);

/* ---------------------------------------------------------- mrkm_cli_util.c */

/*
 * May `name` go into an XPath, and so into the tree?  False: the user was told
 * why not.  `what` names it in that sentence.
 */
bool mrkm_cli_name_ok(struct vty *vty, const char *what, const char *name,
		      size_t longest);
bool mrkm_cli_group_ok(struct vty *vty, const char *name);

/* An identity as the command line gives it, for the leaves type and value. */
struct mrkm_cli_identity {
	const char *type;
	const char *value;
	char address[PREFIX_STRLEN];
};

/* Fills it from the one argument that is not NULL.  False: as above. */
bool mrkm_cli_identity(struct vty *vty, struct mrkm_cli_identity *identity,
		       const char *fqdn, const char *email,
		       const union sockunion *address, const char *key_id);

bool mrkm_cli_identity_or_dn(struct vty *vty,
			     struct mrkm_cli_identity *identity,
			     const char *fqdn, const char *email,
			     const union sockunion *address, const char *dn,
			     const char *key_id);
/* ... or a pattern; `address` is one or a prefix. */
bool mrkm_cli_member(struct vty *vty, struct mrkm_cli_identity *identity,
		     const char *fqdn, const char *email, const char *address,
		     const char *dn, const char *key_id);

/* Likewise, for the absolute name of a file. */
bool mrkm_cli_file_ok(struct vty *vty, const char *file);
bool mrkm_cli_uri_ok(struct vty *vty, const char *uri);

/* An entry of a key server's group, relative to that. */
void mrkm_cli_member_xpath(const struct mrkm_cli_identity *identity,
			   char *xpath, size_t size);

/*
 * Each of these adds to the changes that are enqueued already, applies them
 * all, and returns what the command is to return.
 */
int mrkm_cli_set_identity(struct vty *vty, const char *container,
			  const struct mrkm_cli_identity *identity);
int mrkm_cli_set_psk_file(struct vty *vty, const char *entry, const char *file);
/* A leaf; with a value of NULL its default. */
int mrkm_cli_set(struct vty *vty, const char *xpath, const char *value);
int mrkm_cli_destroy(struct vty *vty, const char *xpath);
/* The leaf of a member ("./member..."), or all of it when it lacks `other`. */
int mrkm_cli_destroy_credential(struct vty *vty, const char *entry,
				const char *leaf, const char *other);
/* An RPC, with what nb_cli_rpc_enqueue() has for it. */
int mrkm_cli_rpc(struct vty *vty, const char *xpath);
/* Creates what the absolute `xpath` names, and enters its node. */
int mrkm_cli_enter(struct vty *vty, const char *xpath, enum node_type node);

#endif /* MRKM_CLI_H */
