# How the release build (MODE=release) links: read by the Makefile.
#
# For the file with all three, each program becomes one object whose only global name is PROGRAM_main: names like
# verdict_update stand in two of them. Debug information goes into a file beside the program.

# The archives that are linked, and the versions of the distribution's: a program is linked anew when one has changed.
RELEASE_ARCHIVES := $(wildcard $(RELEASE_LIBS)/lib/*.a) $(RELEASE_LIBS)/VERSIONS

# $(call link_release,OBJECTS)
define link_release
@mkdir -p $(@D)
@echo "  LD $@"
$(Q)$(LINK) -o $(B)/$(@F).full $(1) $(STATIC_OBJ) $(LIB) $(RR_LIBS) $(LDLIBS)
$(Q)objcopy --only-keep-debug $(B)/$(@F).full $@.debug
$(Q)objcopy --strip-all --add-gnu-debuglink=$@.debug $(B)/$(@F).full $@.new
$(Q)mv $@.new $@
endef

define release_program
$(B)/$(1).one.o: $(call part_obj,$(1)) $(B)/$(1)/main.o
	$(Q)$(CC) -r -nostdlib -o $$@ $$^
	$(Q)objcopy --keep-global-symbol=$(1)_main $$@

$(BIN)/$(1): $(call prog_obj,$(1)) $(LIB) $(STATIC_OBJ) $(RELEASE_ARCHIVES)
	$$(call link_release,$(call prog_obj,$(1)))
endef
$(foreach p,$(PROGRAMS),$(eval $(call release_program,$(p))))

MULTI_OBJ := $(B)/images/release-runtime/main.o $(PROGRAMS:%=$(B)/%.one.o)
$(BIN)/release-runtime: $(MULTI_OBJ) $(LIB) $(STATIC_OBJ) $(RELEASE_ARCHIVES)
	$(call link_release,$(MULTI_OBJ))

$(BIN)/VERSIONS: $(RELEASE_LIBS)/VERSIONS VERSION
	$(Q){ cat $<; printf '%-15s %-15s %-14s %-24s %s\n' release-runtime $(VERSION) - - -; } >$@
