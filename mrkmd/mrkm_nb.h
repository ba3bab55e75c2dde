// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound callbacks of frr-mrkmd.yang, and its notifications.
 */
#ifndef MRKM_NB_H
#define MRKM_NB_H

#include "northbound.h"

extern const struct frr_yang_module_info frr_mrkmd_info;

/* mrkm_nb_config.c */
int mrkm_nb_create(struct nb_cb_create_args *args);
int mrkm_nb_modify(struct nb_cb_modify_args *args);
int mrkm_nb_destroy(struct nb_cb_destroy_args *args);
int mrkm_nb_move(struct nb_cb_move_args *args);
int mrkm_nb_signature_key_modify(struct nb_cb_modify_args *args);
int mrkm_nb_psk_file_modify(struct nb_cb_modify_args *args);
/* While a configuration is being loaded its lines are one transaction. */
bool mrkm_nb_loading(const struct nb_context *context);
int mrkm_nb_mrkm_destroy(struct nb_cb_destroy_args *args);
int mrkm_nb_mrkm_pre_validate(struct nb_cb_pre_validate_args *args);
void mrkm_nb_mrkm_apply_finish(struct nb_cb_apply_finish_args *args);

/* mrkm_nb_auth.c */
int mrkm_nb_private_key_modify(struct nb_cb_modify_args *args);
int mrkm_nb_trust_anchor_modify(struct nb_cb_modify_args *args);
int mrkm_nb_crl_create(struct nb_cb_create_args *args);

/* mrkm_nb_state.c */
const void *mrkm_nb_group_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_group_get_keys(struct nb_cb_get_keys_args *args);
const void *mrkm_nb_group_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_group_get(const struct nb_node *node, const void *entry,
				struct lyd_node *parent);
const void *mrkm_nb_group_key_get_next(struct nb_cb_get_next_args *args);
const void *mrkm_nb_ks_group_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_ks_group_get_keys(struct nb_cb_get_keys_args *args);
const void *mrkm_nb_ks_group_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_ks_group_get(const struct nb_node *node,
				   const void *entry, struct lyd_node *parent);
const void *mrkm_nb_ks_group_key_get_next(struct nb_cb_get_next_args *args);
const void *mrkm_nb_ks_member_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_ks_member_get_keys(struct nb_cb_get_keys_args *args);
const void *
mrkm_nb_ks_member_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_ks_member_get(const struct nb_node *node,
				    const void *entry, struct lyd_node *parent);
const void *mrkm_nb_ks_held_back_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_ks_held_back_get_keys(struct nb_cb_get_keys_args *args);
const void *
mrkm_nb_ks_held_back_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_ks_held_back_get(const struct nb_node *node,
				       const void *entry,
				       struct lyd_node *parent);
const void *mrkm_nb_ks_exclusion_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_ks_exclusion_get_keys(struct nb_cb_get_keys_args *args);
const void *
mrkm_nb_ks_exclusion_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_ks_exclusion_get(const struct nb_node *node,
				       const void *entry,
				       struct lyd_node *parent);
int mrkm_nb_key_get_keys(struct nb_cb_get_keys_args *args);
const void *
mrkm_nb_group_key_lookup_entry(struct nb_cb_lookup_entry_args *args);
const void *
mrkm_nb_ks_group_key_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_key_get(const struct nb_node *node, const void *entry,
			      struct lyd_node *parent);
enum nb_error mrkm_nb_totals_get(const struct nb_node *node, const void *entry,
				 struct lyd_node *parent);
const void *mrkm_nb_reason_get_next(struct nb_cb_get_next_args *args);
int mrkm_nb_reason_get_keys(struct nb_cb_get_keys_args *args);
const void *mrkm_nb_reason_lookup_entry(struct nb_cb_lookup_entry_args *args);
enum nb_error mrkm_nb_reason_get(const struct nb_node *node, const void *entry,
				 struct lyd_node *parent);

/* mrkm_cli_keep.c */
enum nb_error mrkm_nb_keep_get(const struct nb_node *node, const void *entry,
			       struct lyd_node *parent);
void mrkm_cli_show_keep_keys(struct vty *vty, const struct lyd_node *node,
			     bool defaults);

/* mrkm_nb_rpcs.c */
int mrkm_nb_rekey(struct nb_cb_rpc_args *args);
int mrkm_nb_re_register(struct nb_cb_rpc_args *args);
int mrkm_nb_exclude(struct nb_cb_rpc_args *args);
int mrkm_nb_readmit(struct nb_cb_rpc_args *args);

/* mrkm_nb_notifications.c: NULL stands for what is not known. */
struct mrkm_notification {
	const char *name; /* of the YANG notification */
	const char *group;
	const char *address;
	const char *peer;
	const char *protocol, *key_chain, *daemon;
	const char *reason;
};

void mrkm_notify_member(const struct mrkm_notification *notification);
void mrkm_notify_server(const struct mrkm_notification *notification);
void mrkm_notify_key_refused(const struct mrkm_notification *notification);

/* mrkm_cli_show.c: the running configuration */
void mrkm_cli_show(struct vty *vty, const struct lyd_node *node, bool defaults);
void mrkm_cli_show_end(struct vty *vty, const struct lyd_node *node);
void mrkm_cli_show_identity(struct vty *vty, const struct lyd_node *node,
			    bool defaults);
void mrkm_cli_show_port(struct vty *vty, const struct lyd_node *node,
			bool defaults);
void mrkm_cli_show_nat_traversal(struct vty *vty, const struct lyd_node *node,
				 bool defaults);
void mrkm_cli_show_liveness_interval(struct vty *vty,
				     const struct lyd_node *node,
				     bool defaults);
void mrkm_cli_show_group(struct vty *vty, const struct lyd_node *node,
			 bool defaults);
void mrkm_cli_show_group_end(struct vty *vty, const struct lyd_node *node);
void mrkm_cli_show_id(struct vty *vty, const struct lyd_node *node,
		      bool defaults);
void mrkm_cli_show_group_key_server(struct vty *vty,
				    const struct lyd_node *node, bool defaults);
void mrkm_cli_show_group_psk(struct vty *vty, const struct lyd_node *node,
			     bool defaults);
void mrkm_cli_show_group_protocol(struct vty *vty, const struct lyd_node *node,
				  bool defaults);
void mrkm_cli_show_ks(struct vty *vty, const struct lyd_node *node,
		      bool defaults);
void mrkm_cli_show_ks_end(struct vty *vty, const struct lyd_node *node);
void mrkm_cli_show_listen(struct vty *vty, const struct lyd_node *node,
			  bool defaults);
void mrkm_cli_show_state_file(struct vty *vty, const struct lyd_node *node,
			      bool defaults);
void mrkm_cli_show_state_key(struct vty *vty, const struct lyd_node *node,
			     bool defaults);
void mrkm_cli_show_half_open_limit(struct vty *vty, const struct lyd_node *node,
				   bool defaults);
void mrkm_cli_show_ks_group(struct vty *vty, const struct lyd_node *node,
			    bool defaults);
void mrkm_cli_show_ks_group_end(struct vty *vty, const struct lyd_node *node);
void mrkm_cli_show_ks_member(struct vty *vty, const struct lyd_node *node,
			     bool defaults);
void mrkm_cli_show_ks_protocol(struct vty *vty, const struct lyd_node *node,
			       bool defaults);
void mrkm_cli_show_ks_fallback(struct vty *vty, const struct lyd_node *node,
			       bool defaults);
void mrkm_cli_show_policy_form(struct vty *vty, const struct lyd_node *node,
			       bool defaults);
void mrkm_cli_show_sender_id_bits(struct vty *vty, const struct lyd_node *node,
				  bool defaults);
void mrkm_cli_show_group_multicast(struct vty *vty, const struct lyd_node *node,
				   bool defaults);
void mrkm_cli_show_rekey_multicast(struct vty *vty, const struct lyd_node *node,
				   bool defaults);
void mrkm_cli_show_rekey_number(struct vty *vty, const struct lyd_node *node,
				bool defaults);
void mrkm_cli_show_rekey_signature(struct vty *vty, const struct lyd_node *node,
				   bool defaults);
void mrkm_cli_show_rekey_implicit(struct vty *vty, const struct lyd_node *node,
				  bool defaults);
void mrkm_cli_show_ks_member_ppk(struct vty *vty, const struct lyd_node *node,
				 bool defaults);
void mrkm_cli_show_member_limit(struct vty *vty, const struct lyd_node *node,
				bool defaults);
void mrkm_cli_show_ppk(struct vty *vty, const struct lyd_node *node,
		       bool defaults);
void mrkm_cli_show_certificate(struct vty *vty, const struct lyd_node *node,
			       bool defaults);
void mrkm_cli_show_trust_anchor(struct vty *vty, const struct lyd_node *node,
				bool defaults);
void mrkm_cli_show_crl(struct vty *vty, const struct lyd_node *node,
		       bool defaults);
void mrkm_cli_show_crl_required(struct vty *vty, const struct lyd_node *node,
				bool defaults);
void mrkm_cli_show_additional_ke(struct vty *vty, const struct lyd_node *node,
				 bool defaults);
void mrkm_cli_show_authentication(struct vty *vty, const struct lyd_node *node,
				  bool defaults);
void mrkm_cli_show_group_trust_anchor(struct vty *vty,
				      const struct lyd_node *node,
				      bool defaults);
void mrkm_cli_show_delay(struct vty *vty, const struct lyd_node *node,
			 bool defaults);

#endif /* MRKM_NB_H */
