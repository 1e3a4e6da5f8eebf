from deployments.portal.serving import main

main()
