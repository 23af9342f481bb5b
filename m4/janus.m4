# Where Janus is, which one it is, and where it looks for plugins and configuration.
#
# Sets JANUS_CFLAGS, plugindir and confdir, JANUS_CONFIGURE_FLAGS (what `make distcheck` must say again), and defines
# JANUS_BUILD_VERSION, JANUS_BUILD_VERSION_STRING and HAVE_SIMULCAST_DD. Nothing of Janus is linked: its symbols come
# from the process that loads the plugin.
AC_DEFUN([CALL_JANUS], [
  AC_ARG_WITH([janus],
    [AS_HELP_STRING([--with-janus=PREFIX], [the prefix that Janus was installed with, when pkg-config does not know it])],
    [], [with_janus=])
  AC_ARG_WITH([janus-version],
    [AS_HELP_STRING([--with-janus-version=X.Y.Z], [the version of that Janus, when it cannot be found out])],
    [], [with_janus_version=])
  AC_ARG_WITH([plugindir],
    [AS_HELP_STRING([--with-plugindir=DIR], [where Janus looks for plugins])],
    [], [with_plugindir=])
  AC_ARG_WITH([confdir],
    [AS_HELP_STRING([--with-confdir=DIR], [where Janus looks for configuration])],
    [], [with_confdir=])

  AS_CASE([$with_janus], [yes|no], [AC_MSG_ERROR([--with-janus wants a prefix, such as --with-janus=/opt/janus])])
  AS_CASE([$with_janus_version], [yes|no], [AC_MSG_ERROR([--with-janus-version wants a version, such as 1.1.2])])
  AS_CASE([$with_plugindir], [yes|no], [AC_MSG_ERROR([--with-plugindir wants a folder])])
  AS_CASE([$with_confdir], [yes|no], [AC_MSG_ERROR([--with-confdir wants a folder])])

  with_janus=${with_janus%/}
  _CALL_JANUS_PREFIX
  _CALL_JANUS_HEADERS
  _CALL_JANUS_VERSION
  _CALL_JANUS_SIMULCAST
  _CALL_JANUS_FOLDERS

  JANUS_CONFIGURE_FLAGS="--with-janus-version=$janus_version"
  AS_IF([test -n "$with_janus"],
    [JANUS_CONFIGURE_FLAGS="$JANUS_CONFIGURE_FLAGS --with-janus=$with_janus"])
  AC_SUBST([JANUS_CONFIGURE_FLAGS])
])

# The prefix: as told, else from janus-gateway.pc (1.4 and later), else from the usual places.
AC_DEFUN([_CALL_JANUS_PREFIX], [
  janus_prefix=$with_janus
  janus_include=
  janus_libdir=
  janus_pc_version=
  AS_IF([test -n "$with_janus"], [
    PKG_CONFIG_PATH="$with_janus/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    export PKG_CONFIG_PATH
  ])
  PKG_CHECK_EXISTS([janus-gateway], [
    janus_pc_prefix=`$PKG_CONFIG --variable=prefix janus-gateway`
    AS_IF([test -z "$with_janus" || test "x$with_janus" = "x$janus_pc_prefix"], [
      janus_prefix=$janus_pc_prefix
      janus_include=`$PKG_CONFIG --variable=includedir janus-gateway`
      janus_libdir=`$PKG_CONFIG --variable=libdir janus-gateway`
      janus_pc_version=`$PKG_CONFIG --modversion janus-gateway`
    ])
  ])
  AC_MSG_CHECKING([for Janus])
  AS_IF([test -z "$janus_prefix"], [
    for janus_try in /usr /usr/local /opt/janus; do
      AS_IF([test -f "$janus_try/include/janus/plugins/plugin.h"], [janus_prefix=$janus_try; break])
    done
  ])
  AS_IF([test -z "$janus_include"], [janus_include=$janus_prefix/include])
  AS_IF([test ! -f "$janus_include/janus/plugins/plugin.h"], [
    AC_MSG_RESULT([no])
    AC_MSG_ERROR([the headers of Janus were not found.
Install them (Debian: janus-dev), or say where they are: --with-janus=PREFIX, where PREFIX/include/janus/plugins/plugin.h is.])
  ])
  AC_MSG_RESULT([$janus_prefix])
])

# 1.1.2's plugin.h says "refcount.h" of a file one folder up, so that folder must be searched, but last: it also holds a
# config.h, log.h, mutex.h and utils.h. System folders, so that no warning is about Janus's own headers.
AC_DEFUN([_CALL_JANUS_HEADERS], [
  JANUS_CFLAGS="-idirafter $janus_include/janus"
  AS_IF([test "x$janus_include" != x/usr/include], [JANUS_CFLAGS="-isystem $janus_include $JANUS_CFLAGS"])
  AC_SUBST([JANUS_CFLAGS])

  call_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $GLIB_CFLAGS $JANSSON_CFLAGS $JANUS_CFLAGS"
  AC_MSG_CHECKING([whether the headers of Janus compile])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
      #include <janus/plugins/plugin.h>
      #include <janus/rtp.h>
    ]], [[return JANUS_PLUGIN_API_VERSION == 0;]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([the headers of Janus in $janus_include/janus do not compile; config.log says why.])])
  CPPFLAGS=$call_save_CPPFLAGS
])

# As told, else from pkg-config, else from the program itself (whose exit status says nothing: 1.1.2 does not know the
# option and prints its version anyway).
AC_DEFUN([_CALL_JANUS_VERSION], [
  AC_MSG_CHECKING([for the version of Janus])
  janus_version=$with_janus_version
  AS_IF([test -z "$janus_version"], [janus_version=$janus_pc_version])
  AS_IF([test -z "$janus_version"], [
    janus_version=`"$janus_prefix/bin/janus" --version 2>/dev/null </dev/null |
      sed -n 's/^Janus version: [[0-9]]* (\([[0-9.]]*\)).*/\1/p' | sed 1q`
  ])
  AS_IF([test -z "$janus_version"], [
    AC_MSG_RESULT([unknown])
    AC_MSG_ERROR([the version of Janus is not known: there is no janus-gateway.pc, and no $janus_prefix/bin/janus that tells.
The plugin refuses any other Janus than the one that it was built for, so say which one: --with-janus-version=1.1.2.])
  ])
  janus_version_number=`AS_ECHO(["$janus_version"]) |
    sed -n 's/^\([[0-9]]\{1,\}\)\.\([[0-9]]\)\.\([[0-9]]\{1,2\}\)$/\1 \2 \3/p' |
    { read major minor micro && expr $major \* 1000 + $minor \* 100 + $micro; }`
  AS_IF([test -z "$janus_version_number"], [
    AC_MSG_RESULT([$janus_version])
    AC_MSG_ERROR(['$janus_version' is not a version such as 1.1.2; say it with --with-janus-version.])
  ])
  AC_MSG_RESULT([$janus_version ($janus_version_number)])
  AC_DEFINE_UNQUOTED([JANUS_BUILD_VERSION], [$janus_version_number],
    [The Janus that this was built for, as its variable janus_version says it.])
  AC_DEFINE_UNQUOTED([JANUS_BUILD_VERSION_STRING], ["$janus_version"], [The same for people.])
])

# 1.2.0 added two arguments and kept the plugin API number, so only a compiler can tell.
AC_DEFUN([_CALL_JANUS_SIMULCAST], [
  call_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $GLIB_CFLAGS $JANSSON_CFLAGS $JANUS_CFLAGS"
  AC_MSG_CHECKING([whether the simulcast helper takes the dependency descriptor])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
      #include <janus/plugins/plugin.h>
      #include <janus/rtp.h>
    ]], [[
      (void)janus_rtp_simulcasting_context_process_rtp(NULL, NULL, 0, NULL, 0, NULL, NULL, JANUS_VIDEOCODEC_VP8, NULL, NULL);
    ]])],
    [call_simulcast_dd=yes], [call_simulcast_dd=no])
  AC_MSG_RESULT([$call_simulcast_dd])
  AS_IF([test $call_simulcast_dd = yes],
    [AC_DEFINE([HAVE_SIMULCAST_DD], [1],
      [janus_rtp_simulcasting_context_process_rtp() takes dd_content and dd_len.])],
    [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
        #include <janus/plugins/plugin.h>
        #include <janus/rtp.h>
      ]], [[
        (void)janus_rtp_simulcasting_context_process_rtp(NULL, NULL, 0, NULL, NULL, JANUS_VIDEOCODEC_VP8, NULL, NULL);
      ]])],
      [], [AC_MSG_ERROR([the simulcast helper of this Janus has a form that is not known here; config.log says more.])])])
  CPPFLAGS=$call_save_CPPFLAGS
])

# With a prefix that is not Janus's own everything goes there; else to where Janus looks.
AC_DEFUN([_CALL_JANUS_FOLDERS], [
  plugindir=$with_plugindir
  confdir=$with_confdir
  call_prefix=$prefix
  AS_IF([test "x$prefix" = xNONE], [call_prefix=$janus_prefix])

  AC_MSG_CHECKING([where Janus looks for plugins])
  AS_IF([test -z "$plugindir" && test "x$call_prefix" = "x$janus_prefix"], [
    for janus_try in "$janus_libdir" "$janus_prefix"/lib/* "$janus_prefix"/lib64 "$janus_prefix"/lib; do
      AS_IF([test -d "$janus_try/janus/plugins"], [plugindir=$janus_try/janus/plugins; break])
    done
    AS_IF([test -z "$plugindir"], [plugindir=$janus_prefix/lib/janus/plugins])
  ])
  AS_IF([test -z "$plugindir"], [plugindir='${libdir}/janus/plugins'])
  AC_MSG_RESULT([$plugindir])

  AC_MSG_CHECKING([where Janus looks for configuration])
  AS_IF([test -z "$confdir" && test "x$call_prefix" = "x$janus_prefix"], [
    AS_IF([test "x$janus_prefix" = x/usr], [confdir=/etc/janus], [confdir=$janus_prefix/etc/janus])
  ])
  AS_IF([test -z "$confdir"], [confdir='${sysconfdir}/janus'])
  AC_MSG_RESULT([$confdir])

  AC_SUBST([plugindir])
  AC_SUBST([confdir])
])
