;;; For your init file: ds-lsp in Eglot.  Needs Emacs 30, and ds-lsp.el beside the init file.

(load (locate-user-emacs-file "ds-lsp"))
(ds-lsp-global-mode)

;; Name the modes in which ds-lsp completes. Eglot runs one server per buffer: there, ds-lsp takes
;; the place of the server that Eglot would have chosen.
(add-to-list 'eglot-server-programs
             '(((python-base-mode :language-id "python") c-mode c-ts-mode c++-mode c++-ts-mode
                go-mode go-ts-mode java-mode java-ts-mode rust-mode rust-ts-mode
                (js-base-mode :language-id "javascript") typescript-ts-mode
                (bash-ts-mode :language-id "shellscript") (sh-mode :language-id "shellscript"))
               . ("ds-lsp" "--stdio")))
(add-hook 'python-base-mode-hook #'eglot-ensure)
