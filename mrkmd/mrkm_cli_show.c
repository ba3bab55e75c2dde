// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The running configuration, as commands.
 */
#include <zebra.h>

#include "northbound.h"
#include "vty.h"
#include "yang.h"

#include "mrkmd/mrkm_nb.h"

/* A line starts with a space for each ancestor below the daemon itself. */
static void indent(struct vty *vty, const struct lyd_node *node)
{
	for (node = lyd_parent(node); lyd_parent(node); node = lyd_parent(node))
		vty_out(vty, " ");
}

static const char *value(const struct lyd_node *node, const char *xpath)
{
	return yang_dnode_get_string(node, "%s", xpath);
}

static void line(struct vty *vty, const struct lyd_node *node,
		 const char *command, const char *argument)
{
	indent(vty, node);
	vty_out(vty, "%s %s\n", command, argument);
}

static void exit_line(struct vty *vty, const struct lyd_node *node)
{
	indent(vty, node);
	vty_out(vty, "exit\n");
}

static void identity(struct vty *vty, const struct lyd_node *node,
		     const char *command)
{
	indent(vty, node);
	vty_out(vty, "%s %s %s\n", command, value(node, "type"),
		value(node, "value"));
}

void mrkm_cli_show(struct vty *vty, const struct lyd_node *node, bool defaults)
{
	vty_out(vty, "!\nmrkm\n");
}

void mrkm_cli_show_end(struct vty *vty, const struct lyd_node *node)
{
	vty_out(vty, "exit\n!\n");
}

void mrkm_cli_show_identity(struct vty *vty, const struct lyd_node *node,
			    bool defaults)
{
	identity(vty, node, "identity");
}

void mrkm_cli_show_port(struct vty *vty, const struct lyd_node *node,
			bool defaults)
{
	line(vty, node, "port", value(node, "."));
}

void mrkm_cli_show_nat_traversal(struct vty *vty, const struct lyd_node *node,
				 bool defaults)
{
	line(vty, node, "nat-traversal port", value(node, "."));
}

void mrkm_cli_show_liveness_interval(struct vty *vty,
				     const struct lyd_node *node, bool defaults)
{
	line(vty, node, "liveness-interval", value(node, "."));
}

void mrkm_cli_show_group(struct vty *vty, const struct lyd_node *node,
			 bool defaults)
{
	line(vty, node, "group", value(node, "name"));
}

void mrkm_cli_show_group_end(struct vty *vty, const struct lyd_node *node)
{
	exit_line(vty, node);
}

void mrkm_cli_show_id(struct vty *vty, const struct lyd_node *node,
		      bool defaults)
{
	identity(vty, node, "id");
}

void mrkm_cli_show_group_key_server(struct vty *vty,
				    const struct lyd_node *node, bool defaults)
{
	indent(vty, node);
	vty_out(vty, "key-server %s", value(node, "address"));
	if (yang_dnode_exists(node, "port"))
		vty_out(vty, " port %s", value(node, "port"));
	if (yang_dnode_exists(node, "nat-traversal-port"))
		vty_out(vty, " nat-traversal-port %s",
			value(node, "nat-traversal-port"));
	if (!yang_dnode_is_default(node, "preference"))
		vty_out(vty, " preference %s", value(node, "preference"));
	if (yang_dnode_exists(node, "identity"))
		vty_out(vty, " identity %s %s", value(node, "identity/type"),
			value(node, "identity/value"));
	vty_out(vty, "\n");
}

void mrkm_cli_show_group_psk(struct vty *vty, const struct lyd_node *node,
			     bool defaults)
{
	line(vty, node, "pre-shared-key file", value(node, "."));
}

void mrkm_cli_show_group_protocol(struct vty *vty, const struct lyd_node *node,
				  bool defaults)
{
	indent(vty, node);
	vty_out(vty, "protocol %s key-chain %s\n", value(node, "name"),
		value(node, "key-chain"));
}

void mrkm_cli_show_group_multicast(struct vty *vty, const struct lyd_node *node,
				   bool defaults)
{
	line(vty, node, "multicast interface", value(node, "."));
}

void mrkm_cli_show_ks(struct vty *vty, const struct lyd_node *node,
		      bool defaults)
{
	indent(vty, node);
	vty_out(vty, "key-server\n");
}

void mrkm_cli_show_ks_end(struct vty *vty, const struct lyd_node *node)
{
	exit_line(vty, node);
}

void mrkm_cli_show_listen(struct vty *vty, const struct lyd_node *node,
			  bool defaults)
{
	line(vty, node, "listen", value(node, "."));
}

void mrkm_cli_show_state_file(struct vty *vty, const struct lyd_node *node,
			      bool defaults)
{
	line(vty, node, "state-file", value(node, "."));
}

void mrkm_cli_show_state_key(struct vty *vty, const struct lyd_node *node,
			     bool defaults)
{
	line(vty, node, "state-key", value(node, "."));
}

void mrkm_cli_show_half_open_limit(struct vty *vty, const struct lyd_node *node,
				   bool defaults)
{
	line(vty, node, "half-open-limit", value(node, "."));
}

void mrkm_cli_show_ks_group(struct vty *vty, const struct lyd_node *node,
			    bool defaults)
{
	line(vty, node, "group", value(node, "name"));
}

void mrkm_cli_show_ks_group_end(struct vty *vty, const struct lyd_node *node)
{
	exit_line(vty, node);
}

static void member(struct vty *vty, const struct lyd_node *node)
{
	indent(vty, node);
	vty_out(vty, "member %s %s", value(node, "type"), value(node, "value"));
}

/* A line for each credential, and then what needs one. */
void mrkm_cli_show_ks_member(struct vty *vty, const struct lyd_node *node,
			     bool defaults)
{
	if (yang_dnode_exists(node, "pre-shared-key-file")) {
		member(vty, node);
		vty_out(vty, " pre-shared-key file %s\n",
			value(node, "pre-shared-key-file"));
	}
	if (yang_dnode_exists(node, "certificate")) {
		member(vty, node);
		vty_out(vty, " certificate");
		if (yang_dnode_exists(node, "trust-anchor"))
			vty_out(vty, " trust-anchor %s",
				value(node, "trust-anchor"));
		vty_out(vty, "\n");
	}
	if (!yang_dnode_exists(node, "receiver-only"))
		return;
	member(vty, node);
	vty_out(vty, " receiver-only\n");
}

void mrkm_cli_show_member_limit(struct vty *vty, const struct lyd_node *node,
				bool defaults)
{
	line(vty, node, "member-limit", value(node, "."));
}

static void ppk(struct vty *vty, const struct lyd_node *node)
{
	vty_out(vty, "ppk id %s file %s%s\n", value(node, "id"),
		value(node, "file"),
		yang_dnode_get_bool(node, "required") ? " required" : "");
}

void mrkm_cli_show_ks_member_ppk(struct vty *vty, const struct lyd_node *node,
				 bool defaults)
{
	member(vty, lyd_parent(node));
	vty_out(vty, " ");
	ppk(vty, node);
}

/* Of a group, in either role. */
void mrkm_cli_show_ppk(struct vty *vty, const struct lyd_node *node,
		       bool defaults)
{
	indent(vty, node);
	ppk(vty, node);
}

void mrkm_cli_show_certificate(struct vty *vty, const struct lyd_node *node,
			       bool defaults)
{
	indent(vty, node);
	vty_out(vty, "certificate %s private-key %s\n", value(node, "uri"),
		value(node, "private-key"));
}

void mrkm_cli_show_trust_anchor(struct vty *vty, const struct lyd_node *node,
				bool defaults)
{
	indent(vty, node);
	vty_out(vty, "trust-anchor %s %s\n", value(node, "name"),
		value(node, "uri"));
}

void mrkm_cli_show_crl(struct vty *vty, const struct lyd_node *node,
		       bool defaults)
{
	line(vty, node, "crl file", value(node, "."));
}

void mrkm_cli_show_crl_required(struct vty *vty, const struct lyd_node *node,
				bool defaults)
{
	indent(vty, node);
	vty_out(vty, "%scrl required\n",
		yang_dnode_get_bool(node, ".") ? "" : "no ");
}

void mrkm_cli_show_additional_ke(struct vty *vty, const struct lyd_node *node,
				 bool defaults)
{
	const struct lyd_node *child;
	const char *separator = "";

	indent(vty, node);
	vty_out(vty, "additional-key-exchange ");
	LY_LIST_FOR(lyd_child(node), child) {
		if (strcmp(child->schema->name, "method"))
			continue;
		vty_out(vty, "%s%s", separator, value(child, "."));
		separator = ",";
	}
	if (!separator[0])
		vty_out(vty, "none");
	vty_out(vty, "%s\n",
		yang_dnode_get_bool(node, "required") ? " required" : "");
}

/* The container `authentication` is no node of the command line. */
void mrkm_cli_show_authentication(struct vty *vty, const struct lyd_node *node,
				  bool defaults)
{
	indent(vty, lyd_parent(node));
	vty_out(vty, "authentication %s %s\n", node->schema->name,
		value(node, "."));
}

void mrkm_cli_show_group_trust_anchor(struct vty *vty,
				      const struct lyd_node *node,
				      bool defaults)
{
	line(vty, node, "trust-anchor", value(node, "."));
}

static void algorithms(struct vty *vty, const struct lyd_node *node)
{
	if (yang_dnode_exists(node, "algorithm"))
		vty_out(vty, " algorithm %s", value(node, "algorithm"));
	if (yang_dnode_exists(node, "esp"))
		vty_out(vty, " esp encryption %s",
			value(node, "esp/encryption"));
	if (yang_dnode_exists(node, "esp/integrity"))
		vty_out(vty, " integrity %s", value(node, "esp/integrity"));
	if (yang_dnode_exists(node, "ah"))
		vty_out(vty, " ah integrity %s", value(node, "ah/integrity"));
}

void mrkm_cli_show_ks_protocol(struct vty *vty, const struct lyd_node *node,
			       bool defaults)
{
	indent(vty, node);
	vty_out(vty, "protocol %s", value(node, "name"));
	algorithms(vty, node);
	if (yang_dnode_get_bool(node, "per-sender"))
		vty_out(vty, " per-sender");
	vty_out(vty, " lifetime %s\n", value(node, "lifetime"));
}

/* Its parent is a line, no node of the command line. */
void mrkm_cli_show_ks_fallback(struct vty *vty, const struct lyd_node *node,
			       bool defaults)
{
	const struct lyd_node *protocol = lyd_parent(node);

	indent(vty, protocol);
	vty_out(vty, "protocol %s fallback %s", value(protocol, "name"),
		value(node, "place"));
	algorithms(vty, node);
	vty_out(vty, "\n");
}

void mrkm_cli_show_policy_form(struct vty *vty, const struct lyd_node *node,
			       bool defaults)
{
	line(vty, node, "policy-form", value(node, "."));
}

void mrkm_cli_show_sender_id_bits(struct vty *vty, const struct lyd_node *node,
				  bool defaults)
{
	line(vty, node, "sender-id-bits", value(node, "."));
}

/* activation-delay and deactivation-delay: the command is the leaf's name. */
void mrkm_cli_show_delay(struct vty *vty, const struct lyd_node *node,
			 bool defaults)
{
	line(vty, node, node->schema->name, value(node, "."));
}

/* The container `rekey` is no node of the command line: no indentation. */
static void rekey_line(struct vty *vty, const struct lyd_node *node,
		       const char *command, const char *argument)
{
	line(vty, lyd_parent(node), command, argument);
}

static void option(struct vty *vty, const struct lyd_node *node,
		   const char *name)
{
	if (yang_dnode_exists(node, name) && !yang_dnode_is_default(node, name))
		vty_out(vty, " %s %s", name, value(node, name));
}

void mrkm_cli_show_rekey_multicast(struct vty *vty, const struct lyd_node *node,
				   bool defaults)
{
	indent(vty, lyd_parent(node));
	vty_out(vty, "rekey multicast %s", value(node, "address"));
	option(vty, node, "port");
	option(vty, node, "source");
	option(vty, node, "ttl");
	option(vty, node, "interface");
	vty_out(vty, "\n");
}

/* lifetime, copies, lkh-degree */
void mrkm_cli_show_rekey_number(struct vty *vty, const struct lyd_node *node,
				bool defaults)
{
	const char *name = node->schema->name;

	rekey_line(vty, node,
		   !strcmp(name, "lifetime") ? "rekey lifetime"
		   : !strcmp(name, "copies") ? "rekey copies"
		   : !strcmp(name, "wait")   ? "rekey wait"
					     : "rekey lkh degree",
		   value(node, "."));
}

void mrkm_cli_show_rekey_signature(struct vty *vty, const struct lyd_node *node,
				   bool defaults)
{
	rekey_line(vty, node, "rekey authentication signature",
		   value(node, "."));
}

void mrkm_cli_show_rekey_implicit(struct vty *vty, const struct lyd_node *node,
				  bool defaults)
{
	rekey_line(vty, node, "rekey authentication", "implicit");
}
